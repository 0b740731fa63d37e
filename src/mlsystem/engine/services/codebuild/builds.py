"""Builds: the operations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation, read_mark
from mlsystem.engine.decide.retention import BUILD_CACHE_BYTES, BUILDS
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.runtime.program_files import remove_folder, size_of
from mlsystem.engine.services.codebuild.build import BuildMachine, BuildRecord, BuildStatus
from mlsystem.engine.services.codebuild.projects import PAGES, Project, check_places
from mlsystem.engine.store.forgetting import forget_records

if TYPE_CHECKING:
    from types_boto3_codebuild.type_defs import (
        BatchGetBuildsInputTypeDef,
        ListBuildsForProjectInputTypeDef,
        StartBuildInputTypeDef,
        StopBuildInputTypeDef,
    )

OVERRIDES = """projectName secondarySourcesOverride sourceVersion artifactsOverride secondaryArtifactsOverride environmentVariablesOverride
    sourceTypeOverride sourceLocationOverride buildspecOverride serviceRoleOverride timeoutInMinutesOverride encryptionKeyOverride
    idempotencyToken"""


# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListBuildsForProject.html


class Builds(Part):
    """Start, stop, describe."""

    def __init__(self, house: House, machine: BuildMachine):
        self._house = house
        self._machine = machine

    def tidy(self, now: float) -> None:
        since = BUILDS.since(now)
        forget_records(self._house.database, BuildRecord, since, lambda _, build: (build.ended_at or now) < since)
        cache = self._house.folder.root / "cache"
        with self._house.database.reading() as tx:
            is_used = bool(tx.all(BuildRecord, state=BuildStatus.IN_PROGRESS, limit=1))
        if not is_used and size_of(cache) > BUILD_CACHE_BYTES:
            remove_folder(cache)

    @operation("StartBuild", accepts=OVERRIDES)
    def start_build(self, request: StartBuildInputTypeDef, call: Call) -> Mapping[str, object]:
        project = call.tx.get(Project, request["projectName"])
        if project is None:
            arn = self._house.scope.arn("codebuild", f"project/{request['projectName']}")
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
        build_id = f"{project.key}:{_build_uuid(project.key, request.get('idempotencyToken'))}"
        known = call.tx.get(BuildRecord, build_id)
        if known is not None:
            return {"build": self._describe(known)}
        plan = _plan(project.definition, request)
        check_places(plan)
        call.tx.put(project.changed(builds=project.builds + 1))
        build = call.tx.add(
            BuildRecord(
                key=build_id,
                parent=project.key,
                plan=plan,
                number=project.builds + 1,
                initiator=call.principal.arn.rsplit(":", 1)[-1],
            )
        )
        step = self._machine.begin(build)
        self._house.worker.commit_step(call.tx, build, step)
        return {"build": self._describe(step.record or build)}

    @operation("StopBuild", accepts="id")
    def stop_build(self, request: StopBuildInputTypeDef, call: Call) -> Mapping[str, object]:
        if call.tx.get(BuildRecord, request["id"]) is None:
            raise AwsError("ResourceNotFoundException", f"Build cannot be found: {request['id']}")
        self._house.worker.send(call.tx, BuildRecord, request["id"], Event("stop_requested"))
        build = call.tx.get(BuildRecord, request["id"])
        assert build is not None
        return {"build": self._describe(build)}

    @operation("BatchGetBuilds", accepts="ids")
    def batch_get(self, request: BatchGetBuildsInputTypeDef, call: Call) -> Mapping[str, object]:
        names = [name.rsplit(":build/", 1)[-1] for name in request["ids"]]
        found = {name: call.tx.get(BuildRecord, name) for name in names}
        return {
            "builds": [self._describe(build) for build in found.values() if build],
            "buildsNotFound": [name for name, build in found.items() if build is None],
        }

    @operation("ListBuildsForProject", accepts="projectName sortOrder nextToken")
    def list_builds(self, request: ListBuildsForProjectInputTypeDef, call: Call) -> Mapping[str, object]:
        is_newest_first = request.get("sortOrder") != "ASCENDING"
        last = read_mark(request.get("nextToken"))
        builds = call.tx.each(BuildRecord, parent=request["projectName"], newest_first=is_newest_first, after=last)
        return PAGES.page(builds, request, "ids", by_creation, lambda build: build.key, descending=is_newest_first)

    def _describe(self, build: BuildRecord) -> dict[str, object]:
        group, stream = f"/aws/codebuild/{build.parent}", build.key.split(":")[1]
        ended = {"endTime": datetime.fromtimestamp(build.ended_at, UTC)} if build.ended_at else {}
        members = ("source", "environment", "serviceRole")
        plan: dict[str, object] = {name: build.plan[name] for name in members if name in build.plan}
        return {
            **plan,
            "id": build.key,
            "arn": self._house.scope.arn("codebuild", f"build/{build.key}"),
            "buildNumber": build.number,
            "projectName": build.parent,
            "startTime": datetime.fromtimestamp(build.created_at, UTC),
            "currentPhase": str(build.phase),
            "buildStatus": build.state,
            "buildComplete": build.state != BuildStatus.IN_PROGRESS,
            "phases": [_phase(phase) for phase in build.phases],
            "artifacts": build.artifacts or {},
            "logs": {"groupName": group, "streamName": stream},
            "initiator": build.initiator,
            "exportedEnvironmentVariables": list(build.exported),
            **ended,
        }


def _build_uuid(project: str, token: str | None) -> str:
    """With a token the same build again, else a new one."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{project}/{token}") if token else uuid.uuid4())


def _plan(definition: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The project with this build's overrides."""
    source = dict(definition["source"])
    for member, override in (("type", "sourceType"), ("location", "sourceLocation"), ("buildspec", "buildspec")):
        if f"{override}Override" in request:
            source[member] = request[f"{override}Override"]
    environment = dict(definition["environment"])
    variables = {item["name"]: item for item in environment.get("environmentVariables", ())}
    variables.update({item["name"]: item for item in request.get("environmentVariablesOverride", ())})
    environment["environmentVariables"] = list(variables.values())
    plan = {**definition, "source": source, "environment": environment}
    for member in (
        "artifacts",
        "secondarySources",
        "secondaryArtifacts",
        "serviceRole",
        "timeoutInMinutes",
        "encryptionKey",
    ):
        if f"{member}Override" in request:
            plan[member] = request[f"{member}Override"]
    plan["sourceVersion"] = request.get("sourceVersion", "")
    return plan


def _phase(phase: Mapping[str, Any]) -> dict[str, object]:
    described = dict(phase)
    for name in ("startTime", "endTime"):
        if name in described:
            described[name] = datetime.fromtimestamp(described[name], UTC)
    if "endTime" in phase:
        described["durationInSeconds"] = int(phase["endTime"] - phase["startTime"])
    return described
