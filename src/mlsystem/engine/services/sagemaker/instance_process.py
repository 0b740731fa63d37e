"""The process of an instance: the model's program, and where its files are."""

from __future__ import annotations

import shutil
from pathlib import Path

from mlsystem.engine.contract import House
from mlsystem.engine.runtime.process import ProcessSpec
from mlsystem.engine.runtime.workload import Machinery, last_lines
from mlsystem.engine.services.sagemaker.endpoint import Endpoint, Instance, Variant
from mlsystem.engine.services.sagemaker.model_server import ModelServer, ServedModel, Serving

LONGEST_WORDS = 700


class InstanceProcess:
    """Where the files of instances are, and how their programs are run."""

    def __init__(self, house: House, machinery: Machinery):
        self._house = house
        self._machinery = machinery
        self._server = ModelServer(house, machinery)

    def socket(self, instance: Instance) -> Path:
        """Short, as the kernel wants it; each attempt has its own, so that nobody reaches the one before."""
        return self._house.folder.sockets / f"{instance.id[2:14]}-{instance.attempt}.sock"

    def log_path(self, endpoint: Endpoint, instance: Instance) -> Path:
        return self._house.folder.root / "logs" / f"{endpoint.process_id(instance)}.log"

    def last_lines(self, endpoint: Endpoint, instance: Instance) -> str:
        """What the program said last."""
        return last_lines(self.log_path(endpoint, instance), LONGEST_WORDS)

    def stage(self, endpoint: Endpoint, instance: Instance, variant: Variant) -> Path:
        """The folder of the unpacked model, once for all attempts. Raises ActionFailed when the model cannot be had."""
        return self._server.stage(_served(variant), endpoint.key, self._folder(instance))

    def spec(self, endpoint: Endpoint, instance: Instance, variant: Variant, model: Path) -> ProcessSpec:
        serving = Serving(
            process_id=endpoint.process_id(instance),
            user=endpoint.key,
            session=f"{endpoint.key}-{instance.id}",
            log_path=self.log_path(endpoint, instance),
            socket=self.socket(instance),
            instance_type=variant.instance_type,
        )
        return self._server.spec(_served(variant), serving, model)

    def clear(self, endpoint: Endpoint, instance: Instance) -> None:
        """Forget the processes of every attempt and remove the files."""
        for attempt in range(1, instance.attempt + 1):
            before = instance.model_copy(update={"attempt": attempt})
            self._machinery.runner.forget(endpoint.process_id(before))
            self.socket(before).unlink(missing_ok=True)
        shutil.rmtree(self._folder(instance), ignore_errors=True)

    def _folder(self, instance: Instance) -> Path:
        return self._house.folder.work / "instances" / instance.id


def _served(variant: Variant) -> ServedModel:
    return ServedModel(variant.model_name, variant.model, variant.digest)
