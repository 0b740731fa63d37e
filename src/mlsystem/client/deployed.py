"""Which projects are deployed: told by the stacks of pipeline.yml, since whoever asks may have no folder of theirs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from mlsystem.client.connection import Connection
from mlsystem.client.project import Project

NAMES = {
    "name": "SageMakerProjectName",
    "id": "SageMakerProjectId",
    "prefix": "ProjectPrefix",
    "model_name": "ModelName",
    "dataset_bucket": "DatasetBucket",
    "git_branch": "GitBranch",
}
NOWHERE = Path("/nonexistent")  # their folders are not known here
REMEMBERED_SECONDS = 5.0


class Deployed:
    """The projects that are deployed, asked for anew every few seconds: stacks are large."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._known: tuple[Connection, float, tuple[Project, ...]] | None = None

    def projects(self, connection: Connection) -> tuple[Project, ...]:
        now, known = self._clock(), self._known
        if known is None or known[0] is not connection or now - known[1] > REMEMBERED_SECONDS:
            known = self._known = (connection, now, tuple(deployed_projects(connection)))
        return known[2]


def deployed_projects(connection: Connection) -> list[Project]:
    """By the names of their pipelines."""
    found = []
    for page in connection.client("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            given = {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", ())}
            if set(NAMES.values()) <= set(given):
                project = Project(NOWHERE, {"project": {own: given[name] for own, name in NAMES.items()}})
                if stack["StackName"] == project.stack:
                    found.append(project)
    return sorted(found, key=lambda project: project.pipeline)
