"""Asking CodePipeline about one pipeline; where what it keeps lies."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound


class CodePipeline:
    """Raises NotFound where the pipeline or the execution that is asked for does not exist, ClientFailure where AWS refuses."""

    def __init__(self, connection: Connection, pipeline: str):
        self._client = connection.client("codepipeline")
        self._pipeline = pipeline

    def ask(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            return dict(getattr(self._client, operation)(**request))
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == "PipelineNotFoundException":
                raise NotFound(f"there is no pipeline {self._pipeline}: `mlsystem deploy` makes it") from error
            if code == "PipelineExecutionNotFoundException":
                raise NotFound(f"{message}: `mlsystem history` lists its executions") from error
            raise ClientFailure(f"{operation}: {message} ({code})") from error

    def declared(self) -> dict[str, Any]:
        """As the template has it: stages, role, where artefacts are."""
        return dict(self.ask("get_pipeline", name=self._pipeline)["pipeline"])

    def bucket(self) -> str:
        """Of artefacts."""
        return str(self.declared()["artifactStore"]["location"])
