"""A project: a product of the Service Catalog that was launched for it, or stacks of templates in S3.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProject.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.durable.machine import Event, Step
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record


class ProjectStatus(StrEnum):
    CREATE_IN_PROGRESS = "CreateInProgress"
    CREATE_COMPLETED = "CreateCompleted"
    CREATE_FAILED = "CreateFailed"
    UPDATE_IN_PROGRESS = "UpdateInProgress"
    UPDATE_COMPLETED = "UpdateCompleted"
    UPDATE_FAILED = "UpdateFailed"
    DELETE_IN_PROGRESS = "DeleteInProgress"
    DELETE_COMPLETED = "DeleteCompleted"  # still told of, and its name is free again
    DELETE_FAILED = "DeleteFailed"


# How each change ends, well and badly.
ENDS = {
    ProjectStatus.CREATE_IN_PROGRESS: (ProjectStatus.CREATE_COMPLETED, ProjectStatus.CREATE_FAILED),
    ProjectStatus.UPDATE_IN_PROGRESS: (ProjectStatus.UPDATE_COMPLETED, ProjectStatus.UPDATE_FAILED),
    ProjectStatus.DELETE_IN_PROGRESS: (ProjectStatus.DELETE_COMPLETED, ProjectStatus.DELETE_FAILED),
}
# The stack's statuses in which each change has succeeded.
SUCCESSES = {
    ProjectStatus.CREATE_IN_PROGRESS: "CREATE_COMPLETE",
    ProjectStatus.UPDATE_IN_PROGRESS: "UPDATE_COMPLETE",
    ProjectStatus.DELETE_IN_PROGRESS: "DELETE_COMPLETE",
}


class TemplateStack(BaseModel):
    """A template of a bucket and its stack. `outcome` is what became of the change under way; empty: not known yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    url: str
    role_arn: str
    parameters: dict[str, str]
    stack_id: str
    message: str
    outcome: str = ""

    @property
    def stack_name(self) -> str:
        return self.stack_id.split("/")[1]


class Project(Record):
    """`key` is its name. Either `provisioned` (an id in the Service Catalog) or `stacks`."""

    kind: ClassVar[str] = "sagemaker.project"
    id: str
    arn: str
    description: str
    created_by: str
    details: dict[str, Any] = Field(default_factory=dict)
    provisioned: str = ""
    message: str = ""
    stacks: tuple[TemplateStack, ...] = ()

    @property
    def own_parameters(self) -> dict[str, str]:
        """What SageMaker fills in. https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-projects-templates-custom.html"""
        return {"SageMakerProjectName": self.key, "SageMakerProjectId": self.id}

    @property
    def own_tags(self) -> list[dict[str, str]]:
        return pairs({"sagemaker:project-name": self.key, "sagemaker:project-id": self.id})

    @property
    def is_changing(self) -> bool:
        return self.state in ENDS


class ProjectMachine:
    """`product_settled` and `stack_settled` end the change under way."""

    model = Project

    def advance(self, record: Project, event: Event, at: float) -> Step[Project]:
        if not record.is_changing:
            return Step(record)
        match event.name:
            case "product_settled":
                message = str(event.data["message"])
                return Step(_ended(record.changed(message=message), is_success=not message))
            case "stack_settled":
                return Step(self._stack_settled(record, event))
            case _:
                return Step(record)

    def _stack_settled(self, record: Project, event: Event) -> Project:
        """The project's change ends with that of its last stack."""
        status, reason = str(event.data["status"]), str(event.data["reason"])
        stacks = tuple(
            one.model_copy(update={"outcome": status, "message": f"{status}. {reason}".strip(". ") or status})
            if one.stack_id == event.data["stack_id"]
            else one
            for one in record.stacks
        )
        after = record.changed(stacks=stacks)
        if not all(one.outcome for one in stacks):
            return after
        success = SUCCESSES[ProjectStatus(record.state)]
        return _ended(after, is_success=all(one.outcome == success for one in stacks))


def _ended(record: Project, is_success: bool) -> Project:
    good, bad = ENDS[ProjectStatus(record.state)]
    return record.changed(state=good if is_success else bad)


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """As AWS writes tags, and SageMaker parameters."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def find_by(tx: Transaction, provisioned: str = "", stack_id: str = "") -> Project | None:
    """The project of a provisioned product or of a stack."""
    for project in tx.all(Project):
        if provisioned and project.provisioned == provisioned:
            return project
        if stack_id and any(one.stack_id == stack_id for one in project.stacks):
            return project
    return None
