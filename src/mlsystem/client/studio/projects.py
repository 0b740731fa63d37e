"""Projects that were made in Studio: found by their names, and removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import RunFailed
from mlsystem.client.project import Project
from mlsystem.client.teardown.removal import Removal
from mlsystem.client.teardown.stacks import Pause

# The parameters of pipeline.yml by the settings of mlsystem.yaml.
SETTINGS = {
    "name": "SageMakerProjectName",
    "id": "SageMakerProjectId",
    "prefix": "ProjectPrefix",
    "model_name": "ModelName",
    "dataset_bucket": "DatasetBucket",
    "git_branch": "GitBranch",
    "email_address": "EmailAddress",
    "timeout_minutes": "TimeoutInMinutes",
}


@dataclass(frozen=True)
class StudioProject:
    """`parameters` are those of its stack; none where there is no stack, or none of pipeline.yml."""

    name: str
    status: str
    parameters: Mapping[str, str]

    @property
    def prefix(self) -> str:
        return self.parameters.get("ProjectPrefix", "")

    def project(self) -> Project | None:
        """As if it had a folder with an mlsystem.yaml; None where its stack is not one of pipeline.yml."""
        if not set(SETTINGS.values()) <= set(self.parameters):
            return None
        own = {setting: self.parameters[parameter] for setting, parameter in SETTINGS.items()}
        return Project(Path(), {"project": own})


class StudioProjects:
    def __init__(self, connection: Connection, pause: Pause):
        self._sagemaker = connection.client("sagemaker")
        self._stacks = connection.client("cloudformation")
        self._connection = connection
        self._pause = pause

    def find(self, name: str) -> StudioProject | None:
        described = self._describe(name)
        if described is None:
            return None
        return StudioProject(name, described["ProjectStatus"], self._parameters(self._stack_of(described)))

    def stack_name(self, name: str) -> str:
        """Of the project's stack; empty where there is none."""
        described = self._describe(name)
        return self._stack_of(described) if described else ""

    def removals(self, name: str) -> Iterator[Removal]:
        """The project, if it exists; with it goes its stack."""
        if self._describe(name) is not None:
            yield Removal("Studio project", name, lambda: self._remove(name))

    def _remove(self, name: str) -> None:
        """Raises RunFailed, with the reason, when it stays."""
        self._await_settled(name)
        self._sagemaker.delete_project(ProjectName=name)
        left = self._await_settled(name)
        if left is not None:
            raise RunFailed(f"the project {name} is {left['ProjectStatus']}: {_reason(left)}")

    def _await_settled(self, name: str) -> dict[str, Any] | None:
        while (found := self._describe(name)) is not None and found["ProjectStatus"].endswith(
            ("InProgress", "Pending")
        ):
            self._pause()
        return found

    def _describe(self, name: str) -> dict[str, Any] | None:
        """None for one that is deleted, too."""
        try:
            found: dict[str, Any] = self._sagemaker.describe_project(ProjectName=name)
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        return None if found["ProjectStatus"] == "DeleteCompleted" else found

    def _stack_of(self, described: Mapping[str, Any]) -> str:
        """The name of its stack, of the first one where it has several."""
        product = described.get("ServiceCatalogProvisionedProductDetails", {}).get("ProvisionedProductId")
        if product:
            return f"SC-{self._connection.account()}-{product}"
        providers = [one["CfnTemplateProviderDetail"] for one in described.get("TemplateProviderDetails", ())]
        return str(providers[0]["StackDetail"]["Name"]) if providers else ""

    def _parameters(self, stack: str) -> dict[str, str]:
        if not stack:
            return {}
        try:
            found = self._stacks.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return {}
            raise
        return {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", ())}


def _reason(described: Mapping[str, Any]) -> str:
    product = described.get("ServiceCatalogProvisionedProductDetails", {})
    stacks = [one["CfnTemplateProviderDetail"]["StackDetail"] for one in described.get("TemplateProviderDetails", ())]
    messages = [product.get("ProvisionedProductStatusMessage", ""), *(one["StatusMessage"] for one in stacks)]
    return "; ".join(message for message in messages if message) or "SageMaker does not say why"
