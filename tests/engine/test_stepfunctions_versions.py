"""Step Functions: versions of state machines, and aliases that route to them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.test_stepfunctions import Machine
from tests.live import LiveEngine
from tests.roles import role


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def _says(word: str) -> str:
    return json.dumps({"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": word, "End": True}}})


@pytest.fixture
def machine(engine: LiveEngine) -> Machine:
    return Machine(engine, _says("first"))


def _publish(machine: Machine, **members: Any) -> str:
    return str(
        machine.sfn.publish_state_machine_version(stateMachineArn=machine.arn, **members)["stateMachineVersionArn"]
    )


def _change(machine: Machine, word: str) -> str:
    """Published too."""
    updated = machine.sfn.update_state_machine(stateMachineArn=machine.arn, definition=_says(word), publish=True)
    return str(updated["stateMachineVersionArn"])


def _output(machine: Machine, arn: str) -> Any:
    execution = machine.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    return json.loads(machine.end(execution)["output"])


def test_a_version_stays_as_it_was_published(machine: Machine) -> None:
    first = _publish(machine, description="the first")
    assert first == f"{machine.arn}:1"
    assert _publish(machine) == first
    second = _change(machine, "second")
    assert [_output(machine, arn) for arn in (first, second, machine.arn)] == ["first", "second", "second"]
    told = machine.sfn.describe_state_machine(stateMachineArn=first)
    assert (told["stateMachineArn"], told["definition"], told["description"]) == (first, _says("first"), "the first")
    pages = machine.sfn.list_state_machine_versions(stateMachineArn=machine.arn, maxResults=1)
    assert [one["stateMachineVersionArn"] for one in pages["stateMachineVersions"]] == [second]
    rest = machine.sfn.list_state_machine_versions(stateMachineArn=machine.arn, nextToken=pages["nextToken"])
    assert [one["stateMachineVersionArn"] for one in rest["stateMachineVersions"]] == [first]
    stale = {"stateMachineArn": machine.arn, "revisionId": "INITIAL"}
    assert _code(lambda: machine.sfn.publish_state_machine_version(**stale)) == "ConflictException"


def test_an_alias_routes_to_versions_and_executions_say_which_it_was(machine: Machine) -> None:
    sfn, first, second = machine.sfn, _publish(machine), _change(machine, "second")
    all_old = [{"stateMachineVersionArn": first, "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=all_old)["stateMachineAliasArn"]
    assert alias == f"{machine.arn}:live"
    assert _output(machine, alias) == "first"
    shifted = [{"stateMachineVersionArn": first, "weight": 0}, {"stateMachineVersionArn": second, "weight": 100}]
    sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=shifted, description="shifted")
    assert _output(machine, alias) == "second"
    told = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert (told["routingConfiguration"], told["description"]) == (shifted, "shifted")
    (one,) = sfn.list_executions(stateMachineArn=second)["executions"]
    assert (one["stateMachineVersionArn"], one["stateMachineAliasArn"]) == (second, alias)
    assert len(sfn.list_executions(stateMachineArn=alias)["executions"]) == 2
    assert [
        found["stateMachineAliasArn"]
        for found in sfn.list_state_machine_aliases(stateMachineArn=first)["stateMachineAliases"]
    ] == [alias]
    assert _code(lambda: sfn.delete_state_machine_version(stateMachineVersionArn=first)) == "ConflictException"
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    sfn.delete_state_machine_version(stateMachineVersionArn=first)
    assert _code(lambda: sfn.start_execution(stateMachineArn=first)) == "StateMachineDoesNotExist"
    assert _code(lambda: sfn.describe_state_machine_alias(stateMachineAliasArn=alias)) == "ResourceNotFound"


def test_routes_make_a_hundred_to_versions_of_one_machine(engine: LiveEngine, machine: Machine) -> None:
    other, version = Machine(engine, _says("other")), _publish(machine)

    def create(*routes: tuple[str, int]) -> object:
        routing = [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in routes]
        return machine.sfn.create_state_machine_alias(name="bad", routingConfiguration=routing)

    assert _code(lambda: create((version, 90))) == "ValidationException"
    assert _code(lambda: create((version, 50), (_publish(other), 50))) == "ValidationException"
    assert _code(lambda: create((f"{machine.arn}:9", 100))) == "ResourceNotFound"


def test_a_machine_is_published_when_it_is_made_and_takes_its_versions_along(engine: LiveEngine) -> None:
    sfn, name = engine.client("stepfunctions"), f"m-{uuid.uuid4().hex[:8]}"
    request = {"name": name, "definition": _says("x"), "roleArn": role(engine, "workflow")}
    made = sfn.create_state_machine(**request, publish=True, versionDescription="one")
    assert made["stateMachineVersionArn"] == f"{made['stateMachineArn']}:1"
    assert _code(lambda: sfn.create_state_machine(**request, versionDescription="one")) == "ValidationException"
    sfn.delete_state_machine(stateMachineArn=made["stateMachineArn"])
    assert _code(lambda: sfn.describe_state_machine(stateMachineArn=made["stateMachineVersionArn"])) == (
        "StateMachineDoesNotExist"
    )
