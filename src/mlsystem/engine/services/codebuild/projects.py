"""Build projects: the operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Mark, Paging, by_creation, by_key
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_codebuild.type_defs import (
        BatchGetProjectsInputTypeDef,
        CreateProjectInputTypeDef,
        DeleteProjectInputTypeDef,
        ListProjectsInputTypeDef,
        UpdateProjectInputTypeDef,
    )

MEMBERS = """name description source secondarySources artifacts secondaryArtifacts cache environment serviceRole timeoutInMinutes
    queuedTimeoutInMinutes encryptionKey tags vpcConfig logsConfig concurrentBuildLimit"""
SOURCE_TYPES = {"CODEPIPELINE", "S3", "NO_SOURCE"}
ARTIFACT_TYPES = {"CODEPIPELINE", "S3", "NO_ARTIFACTS"}

PAGES = Paging(100, "", "nextToken", "nextToken")

# Of secondary sources; CodePipeline's artifacts, which become some, may have hyphens too.
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,127}")


class Project(Record):
    """`definition` is the project as CreateProject takes it."""

    kind: ClassVar[str] = "codebuild.project"
    definition: dict[str, Any]
    builds: int = 0


class Projects(Part):
    """Create, update, describe, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateProject", accepts=MEMBERS)
    def create(self, request: CreateProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["name"]
        if call.tx.get(Project, name) is not None:
            raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {self._arn(name)}")
        definition: dict[str, Any] = dict(request)
        check_places(definition)
        return {"project": self._describe(call.tx.add(Project(key=name, definition=definition)))}

    @operation("UpdateProject", accepts=MEMBERS)
    def update(self, request: UpdateProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        project = call.tx.get(Project, request["name"])
        if project is None:
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {self._arn(request['name'])}")
        definition = {**project.definition, **request}
        check_places(definition)
        return {"project": self._describe(call.tx.put(project.changed(definition=definition)))}

    @operation("BatchGetProjects", accepts="names")
    def batch_get(self, request: BatchGetProjectsInputTypeDef, call: Call) -> Mapping[str, object]:
        found = {name: call.tx.get(Project, name) for name in request["names"]}
        return {
            "projects": [self._describe(project) for project in found.values() if project],
            "projectsNotFound": [name for name, project in found.items() if project is None],
        }

    @operation("ListProjects", accepts="sortBy sortOrder nextToken")
    def list_projects(self, request: ListProjectsInputTypeDef, call: Call) -> Mapping[str, object]:
        marks = {"CREATED_TIME": by_creation, "LAST_MODIFIED_TIME": _by_change}
        mark: Callable[[Project], Mark] = marks.get(request.get("sortBy", "NAME"), by_key)
        is_descending = request.get("sortOrder") == "DESCENDING"
        found = sorted(call.tx.each(Project), key=mark, reverse=is_descending)
        return PAGES.page(found, request, "projects", mark, lambda one: one.key, descending=is_descending)

    @operation("DeleteProject", accepts="name")
    def delete(self, request: DeleteProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        call.tx.remove(Project, request["name"])
        return {}

    def _arn(self, name: str) -> str:
        return self._house.scope.arn("codebuild", f"project/{name}")

    def _describe(self, project: Project) -> dict[str, object]:
        return {
            **project.definition,
            "arn": self._arn(project.key),
            "created": datetime.fromtimestamp(project.created_at, UTC),
            "lastModified": datetime.fromtimestamp(project.updated_at, UTC),
        }


def check_places(plan: Mapping[str, Any]) -> None:
    """Of where a build takes its sources and puts its artifacts: refuse by name the kinds that the engine does not have, and raise
    AwsError for identifiers that could not name a folder and for S3 without a place."""
    for kind, others, identifier, known in (
        ("source", "secondarySources", "sourceIdentifier", SOURCE_TYPES),
        ("artifacts", "secondaryArtifacts", "artifactIdentifier", ARTIFACT_TYPES),
    ):
        secondary = plan.get(others, ())
        for item in secondary:
            if not IDENTIFIER.fullmatch(item.get(identifier, "")):
                raise AwsError(
                    "InvalidInputException",
                    f"Invalid secondary {kind}: {identifier} can contain only alphanumeric characters and underscores",
                )
        for item in (plan[kind], *secondary):
            if item["type"] not in known:
                raise NotImplementedHere(f"codebuild {kind} of type {item['type']}", f"{', '.join(sorted(known))} are")
            if item["type"] == "S3" and not item.get("location"):
                raise AwsError("InvalidInputException", f"Invalid {kind}: location is required where the type is S3")


def _by_change(project: Project) -> Mark:
    return (project.updated_at, project.key)
