"""Which projects are deployed: told by the stacks of pipeline.yml, since whoever asks may have no folder of theirs."""

from __future__ import annotations

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
