"""What a provider is given, the run of one action, and what it answers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.archives import BROKEN_ZIP
from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.permission import Requirement
from mlsystem.engine.services.codepipeline.execution import Execution, Run
from mlsystem.engine.services.codepipeline.executions import job_uuid


@dataclass(frozen=True)
class Work:
    """One run of an action: `configuration` with its variables resolved, `principal` the pipeline's role."""

    house: House
    principal: Principal
    execution: Execution
    run: Run
    action: Mapping[str, Any]
    configuration: dict[str, str]

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """As the pipeline's role; what cannot be mended by repeating becomes ActionFailed."""
        try:
            return self.house.call(service, operation, request, self.principal)
        except AwsError as error:
            if error.status is not None and error.status >= 500 and error.status != 501:
                raise
            raise ActionFailed(f"{service}:{operation}: {error.message}", error.code) from error

    def demand(self, *requirements: tuple[str, str]) -> None:
        """What AWS asks of the role beside the calls that are made here: pairs of action and resource. Raises ActionFailed."""
        wanted = [Requirement(action, resource) for action, resource in requirements]
        try:
            self.house.demand("codepipeline", self.principal, *wanted)
        except AwsError as error:
            raise ActionFailed(error.message, error.code) from error

    def chosen(self, kind: str) -> str | None:
        """The revision of this source that whoever started the execution chose."""
        return self.execution.source_revisions.get(self.run.action, {}).get(kind)

    def setting(self, name: str) -> str:
        if name not in self.configuration:
            raise ActionFailed(f"the action {self.run.action} has no configuration {name}", "ConfigurationError")
        return self.configuration[name]

    def read_artifact(self, name: str) -> zipfile.ZipFile:
        bucket, key = self.execution.artifacts[name]
        body = self.call("s3", "GetObject", {"Bucket": bucket, "Key": key})["Body"].read()
        return zipfile.ZipFile(io.BytesIO(body))

    def read_file(self, path: str) -> bytes:
        """`Artifact::file`."""
        artifact, _, name = path.partition("::")
        try:
            with self.read_artifact(artifact) as content:
                return content.read(name)
        except KeyError as error:
            raise ActionFailed(f"there is no file {name} in the artifact {artifact}", "ConfigurationError") from error
        except BROKEN_ZIP as error:
            raise ActionFailed(f"the artifact {artifact} is not a ZIP file", "ConfigurationError") from error

    def read_text(self, path: str) -> str:
        """`Artifact::file`, which must be text. Raises ActionFailed."""
        try:
            return self.read_file(path).decode()
        except UnicodeDecodeError as error:
            raise ActionFailed(f"{path} is not UTF-8 text: {error.reason}", "ConfigurationError") from error

    def output_place(self, artifact: str) -> tuple[str, str]:
        """Bucket and key of an artifact that this run makes: the same for each repetition."""
        store = self.execution.definition["artifactStore"]
        suffix = job_uuid(f"{self.run.id}/{artifact}").replace("-", "")[:7]
        return store["location"], f"{self.execution.parent[:20]}/{artifact[:10]}/{suffix}"

    def write_artifact(self, artifact: str, content: bytes) -> tuple[str, str]:
        bucket, key = self.output_place(artifact)
        kms = self.execution.definition["artifactStore"].get("encryptionKey")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms["id"]} if kms else {}
        self.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": content, **encryption})
        return bucket, key

    @property
    def outputs(self) -> list[str]:
        return [artifact["name"] for artifact in self.action.get("outputArtifacts", ())]


@dataclass(frozen=True)
class Answer:
    """`members` of the Run that are known now; `is_ended` says whether they hold the end."""

    members: dict[str, Any]
    is_ended: bool = False


def succeeded(**members: Any) -> Answer:
    return Answer({"status": "Succeeded", **members}, is_ended=True)


def failed(message: str, code: str = "JobFailed", **members: Any) -> Answer:
    return Answer({"status": "Failed", "error": {"code": code, "message": message}, **members}, is_ended=True)
