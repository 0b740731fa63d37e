"""The program of a model: its image, run with `serve` as SageMaker does for endpoints and batch transform, behind a socket of its own.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.runtime.images import BrokenImage, Image
from mlsystem.engine.runtime.process import Inbound, Log, Mount, ProcessSpec
from mlsystem.engine.runtime.s3_files import S3Files, split_uri, unpack
from mlsystem.engine.runtime.workload import IMAGE_URI, Machinery, demand_image, door, find_image
from mlsystem.engine.services.sagemaker.models import Model, model_source
from mlsystem.engine.services.sagemaker.program import limits_of

PORT = 8080
STOP_GRACE_SECONDS = 30.0


@dataclass(frozen=True)
class ServedModel:
    """A model as it was when it was put to use: it may be deleted meanwhile, and the tag of its image moved on."""

    name: str
    definition: Mapping[str, Any]
    digest: str

    @property
    def container(self) -> Mapping[str, Any]:
        container: Mapping[str, Any] = self.definition["Container"]
        return container

    @property
    def role_arn(self) -> str:
        return str(self.definition["ExecutionRoleArn"])

    @property
    def is_isolated(self) -> bool:
        return bool(self.definition["EnableNetworkIsolation"])


def definition(model: Model, role_arn: str | None = None) -> dict[str, Any]:
    """What is kept of a model that is put to use; `role_arn` instead of its own."""
    return {
        "Container": model.container,
        "ExecutionRoleArn": role_arn or model.request["ExecutionRoleArn"],
        "EnableNetworkIsolation": model.request.get("EnableNetworkIsolation", False),
    }


def digest_of(house: House, uri: str) -> str:
    """What an image's tag names now. Empty where there is no such image: then the program's start says so."""
    match = IMAGE_URI.fullmatch(uri)
    if match is None or match["digest"]:
        return match["digest"] if match else ""
    wanted = [{"imageTag": match["tag"] or "latest"}]
    try:
        found = house.call("ecr", "DescribeImages", {"repositoryName": match["name"], "imageIds": wanted})
    except AwsError:
        return ""
    return str(found["imageDetails"][0]["imageDigest"])


@dataclass(frozen=True)
class Serving:
    """One process that serves: where its files are, and for whom. `environment` goes over the model's own."""

    process_id: str
    user: str
    session: str
    log_path: Path
    socket: Path
    instance_type: str
    environment: Mapping[str, str] = field(default_factory=dict)


class ModelServer:
    """Downloads a model, and says how its program is run."""

    def __init__(self, house: House, machinery: Machinery):
        self._house = house
        self._machinery = machinery

    def stage(self, model: ServedModel, user: str, folder: Path) -> Path:
        """The unpacked model below `folder`, made once. Raises ActionFailed when it cannot be had."""
        target = folder / "model"
        if target.exists():
            return target
        aside = folder / "aside"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        source = model_source(model.container)
        if source is not None:
            self._download(model, user, source, aside)
        aside.rename(target)
        return target

    def _download(self, model: ServedModel, user: str, source: tuple[str, bool], target: Path) -> None:
        uri, is_archive = source
        files = S3Files(self._house.call, self.principal(model, user))
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
                f"Could not load the model data at {uri} of model {model.name}: {error.reason}", error.code
            ) from error

    def spec(self, model: ServedModel, serving: Serving, files: Path) -> ProcessSpec:
        """`files` are what `stage` returned. Raises ActionFailed where the image cannot be had, InvalidProcess."""
        demand_image(self._house, model.container["Image"], self.principal(model, serving.user))
        image = self._image(model)
        keys = {} if model.is_isolated else self._keys(model, serving)
        return ProcessSpec(
            id=serving.process_id,
            argv=(*image.entrypoint, "serve"),
            log=Log(serving.log_path),
            environment={
                "HOME": "/root",
                **image.environment,
                **keys,
                "SAGEMAKER_BIND_TO_PORT": str(PORT),
                "SAGEMAKER_REGION": self._house.scope.region,
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
                # For a container that would put a proxy of its own before its workers: here it has one already.
                "MODEL_SERVER_FRONT": "host",
                **model.container.get("Environment", {}),
                **serving.environment,
            },
            working_directory=image.working_directory,
            image=image.files,
            mounts=(Mount(files, "/opt/ml/model"), *self._machinery.credentials.mounts()),
            inbound=Inbound(serving.socket, PORT),
            outbound=() if model.is_isolated else (door(self._house, model.role_arn),),
            stop_grace_seconds=STOP_GRACE_SECONDS,
            **limits_of(serving.instance_type),
        )

    def principal(self, model: ServedModel, user: str) -> Principal:
        return self._house.session_of(model.role_arn, user, "sagemaker")

    def _keys(self, model: ServedModel, serving: Serving) -> dict[str, str]:
        return self._machinery.credentials.environment(serving.process_id, model.role_arn, serving.session)

    def _image(self, model: ServedModel) -> Image:
        """The very image that the tag named when the model was put to use."""
        if not model.digest:
            return find_image(self._house, self._machinery.images, model.container["Image"])
        try:
            return self._machinery.images.open(model.digest)
        except (BrokenImage, AwsError) as error:
            raise ActionFailed(f"the image {model.digest} cannot be run: {error}", "ClientError") from error
