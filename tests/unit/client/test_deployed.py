"""What is deployed is told by the stacks of pipeline.yml, and is asked for no more often than it must."""

from __future__ import annotations

from typing import Any, cast

from mlsystem.client.connection import Connection
from mlsystem.client.deployed import NAMES, REMEMBERED_SECONDS, Deployed, deployed_projects


def _stack(name: str, **given: str) -> dict[str, Any]:
    return {"StackName": name, "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()]}


def _pipeline(prefix: str, name: str) -> dict[str, Any]:
    values = dict.fromkeys(NAMES.values(), "x") | {"ProjectPrefix": prefix, "SageMakerProjectName": name}
    return _stack(f"{prefix}-{name}-pipeline", **values)


class Stacks:
    """CloudFormation, in pages of one."""

    def __init__(self, *stacks: dict[str, Any]):
        self.stacks = list(stacks)
        self.asked = 0

    def client(self, _service: str) -> Stacks:
        return self

    def get_paginator(self, _operation: str) -> Stacks:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        self.asked += 1
        return [{"Stacks": [one]} for one in self.stacks]


def _connection(stacks: Stacks) -> Connection:
    return cast(Connection, stacks)


def test_projects_are_those_whose_pipeline_stack_is_there_by_name() -> None:
    other = _stack("network", Cidr="10.0.0.0/16")
    copy = _pipeline("mls", "one") | {"StackName": "a-copy-of-it"}
    stacks = Stacks(_pipeline("mls", "two"), other, _pipeline("mls", "one"), copy)
    assert [one.pipeline for one in deployed_projects(_connection(stacks))] == ["mls-one", "mls-two"]


def test_stacks_are_asked_for_again_after_a_while_and_for_another_connection() -> None:
    now = [0.0]
    stacks = Stacks(_pipeline("mls", "one"))
    deployed = Deployed(lambda: now[0])
    for _ in range(3):
        assert len(deployed.projects(_connection(stacks))) == 1
    assert stacks.asked == 1
    stacks.stacks.append(_pipeline("mls", "two"))
    now[0] = REMEMBERED_SECONDS + 0.1
    assert len(deployed.projects(_connection(stacks))) == 2
    assert len(deployed.projects(_connection(Stacks()))) == 0
