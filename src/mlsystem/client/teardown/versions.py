"""What the deployed stacks retain: endpoints of earlier runs, with all that hangs on them.

They are told from those of other projects by the tags that the build gives to its stacks, and these to what they make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.project import Project
from mlsystem.client.teardown.removal import Removal

Pause = Callable[[], None]

PROJECT_NAME, PROJECT_ID = "sagemaker:project-name", "sagemaker:project-id"


class RetainedVersions:
    """Of one project; those of its deployed stacks are among them as long as the stacks stand."""

    def __init__(self, connection: Connection, project: Project, pause: Pause):
        self._sagemaker = connection.client("sagemaker")
        self._scaling = connection.client("application-autoscaling")
        self._pause = pause
        self._prefix = f"{project.prefix}-{project.model_name}-"
        given = project.parameters()
        self._tags = {PROJECT_NAME: given["SageMakerProjectName"], PROJECT_ID: given["SageMakerProjectId"]}

    def removals(self) -> Iterator[Removal]:
        """What depends on others comes before them."""
        for item in self._own("list_monitoring_schedules", "MonitoringScheduleSummaries", "MonitoringSchedule"):
            yield self._removal("monitoring schedule", item, self._remove_schedule)
        for item in self._own("list_endpoints", "Endpoints", "Endpoint"):
            yield self._removal("endpoint", item, self._remove_endpoint)
        for item in self._own("list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
            yield self._removal(
                "endpoint configuration",
                item,
                lambda name: self._sagemaker.delete_endpoint_config(EndpointConfigName=name),
            )
        for item in self._own("list_models", "Models", "Model"):
            yield self._removal("model", item, lambda name: self._sagemaker.delete_model(ModelName=name))

    def _removal(self, kind: str, name: str, remove: Callable[[str], object]) -> Removal:
        def carry_out() -> None:
            try:
                remove(name)
            except ClientError as error:
                if not _is_gone(error):
                    raise

        return Removal(kind, name, carry_out)

    def _own(self, operation: str, members: str, noun: str) -> Iterator[str]:
        pages = self._sagemaker.get_paginator(operation).paginate(NameContains=self._prefix)
        for item in [item for page in pages for item in page[members]]:
            name = item[f"{noun}Name"]
            if name.startswith(self._prefix) and self._is_own(item[f"{noun}Arn"]):
                yield name

    def _is_own(self, arn: str) -> bool:
        try:
            pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
            tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        except ClientError as error:
            if _is_gone(error):
                return False
            raise
        return tags.items() >= self._tags.items()

    def _remove_schedule(self, name: str) -> None:
        self._sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
        self._await_gone(lambda: self._sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name))

    def _remove_endpoint(self, name: str) -> None:
        """With the scaling targets of its variants, which would outlive it."""
        described: dict[str, Any] = self._sagemaker.describe_endpoint(EndpointName=name)
        dimension = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
        for variant in described.get("ProductionVariants", ()):
            resource = f"endpoint/{name}/variant/{variant['VariantName']}"
            found = self._scaling.describe_scalable_targets(**dimension, ResourceIds=[resource])["ScalableTargets"]
            if found:
                self._scaling.deregister_scalable_target(**dimension, ResourceId=resource)
        self._sagemaker.delete_endpoint(EndpointName=name)
        self._await_gone(lambda: self._sagemaker.describe_endpoint(EndpointName=name))

    def _await_gone(self, look: Callable[[], object]) -> None:
        while True:
            try:
                look()
            except ClientError as error:
                if _is_gone(error):
                    return
                raise
            self._pause()


def _is_gone(error: ClientError) -> bool:
    """SageMaker says so in two ways."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return code == "ResourceNotFound" or (code == "ValidationException" and "Could not find" in message)
