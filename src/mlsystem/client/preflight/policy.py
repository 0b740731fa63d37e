"""What the user who deploys may have to do: the statements of `deploying.json`, filled in for one project."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

from mlsystem.client.connection import Connection
from mlsystem.client.project import Project

SOURCE = Path(__file__).with_name("deploying.json")
# Of a managed policy, white space not counted; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MOST_CHARACTERS = 6_144
# For what stands around the statements.
ROOM = 50


def deploying_policy(connection: Connection, project: Project) -> dict[str, Any]:
    """An identity policy, as IAM takes it. CloudFormation creates everything with the rights of who deploys."""
    return filled(project, connection.partition(), connection.region, connection.account())


def filled(project: Project, partition: str, region: str, account: str) -> dict[str, Any]:
    values = {
        "Partition": partition,
        "Region": region,
        "Account": account,
        "Pipeline": project.pipeline,
        "Prefix": project.prefix,
        "Model": project.model_name,
        "DatasetBucket": project.dataset_bucket,
    }
    return dict(json.loads(Template(SOURCE.read_text()).substitute(values)))


def documents(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The same in as many policies as IAM's limit of their size asks for."""
    found: list[list[Any]] = [[]]
    for statement in policy["Statement"]:
        if len(_text([*found[-1], statement])) > MOST_CHARACTERS - ROOM:
            found.append([])
        found[-1].append(statement)
    return [{"Version": policy["Version"], "Statement": statements} for statements in found]


def _text(statements: list[Any]) -> str:
    return json.dumps(statements, separators=(",", ":"))
