"""The process of an instance: the model's image, run with `serve` as SageMaker runs it, behind a socket of its own.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import shutil
from pathlib import Path

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.runtime.images import BrokenImage, Image
from mlsystem.engine.runtime.process import Inbound, Log, Mount, ProcessSpec
from mlsystem.engine.runtime.s3_files import S3Files, split_uri, unpack
from mlsystem.engine.runtime.workload import Machinery, demand_image, door, find_image
from mlsystem.engine.services.sagemaker.endpoint import Endpoint, Instance, Variant
from mlsystem.engine.services.sagemaker.limits import limits_of
from mlsystem.engine.services.sagemaker.models import model_source

PORT = 8080
STOP_GRACE_SECONDS = 30.0
LAST_LINES = 20
LONGEST_WORDS = 700


class InstanceProcess:
    """Where the files of instances are, and how their programs are run."""

    def __init__(self, house: House, machinery: Machinery):
        self._house = house
        self._machinery = machinery

    def socket(self, instance: Instance) -> Path:
        """Short, as the kernel wants it; each attempt has its own, so that nobody reaches the one before."""
        return self._house.folder.sockets / f"{instance.id[2:14]}-{instance.attempt}.sock"

    def log_path(self, endpoint: Endpoint, instance: Instance) -> Path:
        return self._house.folder.root / "logs" / f"{endpoint.process_id(instance)}.log"

    def last_lines(self, endpoint: Endpoint, instance: Instance) -> str:
        """What the program said last."""
        try:
            text = self.log_path(endpoint, instance).read_bytes()[-16384:].decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-LAST_LINES:])[-LONGEST_WORDS:]

    def stage(self, endpoint: Endpoint, instance: Instance, variant: Variant) -> Path:
        """The folder of the unpacked model, once for all attempts. Raises ActionFailed when the model cannot be had."""
        model = self._folder(instance) / "model"
        if model.exists():
            return model
        aside = self._folder(instance) / "aside"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        source = model_source(variant.model["Container"])
        if source is not None:
            self._download(endpoint, variant, source, aside)
        aside.rename(model)
        return model

    def _download(self, endpoint: Endpoint, variant: Variant, source: tuple[str, bool], target: Path) -> None:
        uri, is_archive = source
        files = S3Files(self._house.call, self._principal(endpoint, variant))
        try:
            if not is_archive:
                files.download(uri, target)
                return
            archive = target.with_name("model.tar.gz")
            files.fetch(*split_uri(uri), archive)
            unpack(archive, target)
            archive.unlink()
        except ActionFailed as error:
            raise ActionFailed(
                f"Could not load the model data at {uri} of model {variant.model_name}: {error.reason}", error.code
            ) from error

    def spec(self, endpoint: Endpoint, instance: Instance, variant: Variant, model: Path) -> ProcessSpec:
        demand_image(self._house, variant.model["Container"]["Image"], self._principal(endpoint, variant))
        image = self._image(variant)
        role, isolated = variant.model["ExecutionRoleArn"], variant.model["EnableNetworkIsolation"]
        process_id, session = endpoint.process_id(instance), f"{endpoint.key}-{instance.id}"
        keys = {} if isolated else self._machinery.credentials.environment(process_id, role, session)
        return ProcessSpec(
            id=process_id,
            argv=(*image.entrypoint, "serve"),
            log=Log(self.log_path(endpoint, instance)),
            environment={
                "HOME": "/root",
                **image.environment,
                **keys,
                "SAGEMAKER_BIND_TO_PORT": str(PORT),
                "SAGEMAKER_REGION": self._house.scope.region,
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
                **variant.model["Container"].get("Environment", {}),
            },
            working_directory=image.working_directory,
            image=image.files,
            mounts=(Mount(model, "/opt/ml/model"),),
            inbound=Inbound(self.socket(instance), PORT),
            outbound=() if isolated else (door(self._house, role),),
            stop_grace_seconds=STOP_GRACE_SECONDS,
            **limits_of(variant.instance_type),
        )

    def _principal(self, endpoint: Endpoint, variant: Variant) -> Principal:
        return self._house.session_of(variant.model["ExecutionRoleArn"], endpoint.key, "sagemaker")

    def _image(self, variant: Variant) -> Image:
        """The very image that the tag named when it was deployed."""
        if not variant.digest:
            return find_image(self._house, self._machinery.images, variant.model["Container"]["Image"])
        try:
            return self._machinery.images.open(variant.digest)
        except (BrokenImage, AwsError) as error:
            raise ActionFailed(f"the image {variant.digest} cannot be run: {error}", "ClientError") from error

    def clear(self, endpoint: Endpoint, instance: Instance) -> None:
        """Forget the processes of every attempt and remove the files."""
        for attempt in range(1, instance.attempt + 1):
            before = instance.model_copy(update={"attempt": attempt})
            self._machinery.runner.forget(endpoint.process_id(before))
            self.socket(before).unlink(missing_ok=True)
        shutil.rmtree(self._folder(instance), ignore_errors=True)

    def _folder(self, instance: Instance) -> Path:
        return self._house.folder.work / "instances" / instance.id
