"""TestState: one state, tried without a state machine.

The interpreter plays the state in a machine of its own, in which whatever it leads to is a state that ends. Nothing of it is kept.
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide import states
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.stepfunctions.integration import TaskError, Work
from mlsystem.engine.services.stepfunctions.resource import Pattern, is_activity, resource_of

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import TestStateInputTypeDef

NAME = "StateUnderTest"
WITHOUT_WORK = ("Pass", "Choice", "Succeed", "Fail")


class StateTests(Part):
    """One operation."""

    def __init__(self, house: House):
        self._house = house

    @operation("TestState", mode="free", accepts="definition roleArn input stateName inspectionLevel mock")
    def test(self, request: TestStateInputTypeDef, call: Call) -> Mapping[str, object]:
        if request.get("inspectionLevel", "INFO") != "INFO":
            raise NotImplementedHere(f"stepfunctions:TestState with inspectionLevel {request['inspectionLevel']}")
        name, state, top = _state(request)
        machine = states.parse(json.dumps(_machine(name, state, top)))
        started = self._house.clock.now()
        step = states.begin(machine, _json(request.get("input", "{}")), self._context(request, started))
        told = list(step.history)
        tasks = [action for action in step.actions if isinstance(action, states.StartTask)]
        if tasks and step.outcome is None:
            step = states.advance(machine, step.state, self._work(tasks[0], request))
            told += step.history
        return _answer(name, told, step)

    def _context(self, request: TestStateInputTypeDef, at: float) -> states.Context:
        arn = self._house.scope.arn("states", f"execution:{NAME}:{uuid.uuid4()}")
        machine = self._house.scope.arn("states", f"stateMachine:{NAME}")
        return states.Context(arn, arn.rpartition(":")[2], request.get("roleArn", ""), at, machine, NAME)

    def _work(self, task: states.StartTask, request: TestStateInputTypeDef) -> states.Event:
        """How the task ends: as the mock says, else as its service answers."""
        at = self._house.clock.now()
        mock: Mapping[str, Any] = request.get("mock", {})
        if "errorOutput" in mock:
            error = mock["errorOutput"]
            return states.TaskFailed(task.token, error.get("error"), error.get("cause"), at)
        if "result" in mock:
            return states.TaskSucceeded(task.token, _json(mock["result"]), at)
        if is_activity(task.resource) or resource_of(task.resource).pattern is not Pattern.REQUEST_RESPONSE:
            message = f"The task resource {task.resource} is tried with a mock only."
            raise AwsError("ValidationException", message)
        if "roleArn" not in request:
            raise AwsError("ValidationException", "roleArn is required: the task is done as this role.")
        principal = self._house.session_of(request["roleArn"], NAME, "states")
        resource = resource_of(task.resource)
        work = Work(self._house, principal, task.token, task.resource, resource, task.parameters, at)
        try:
            return states.TaskSucceeded(task.token, work.do(), at)
        except TaskError as failure:
            return states.TaskFailed(task.token, failure.error, failure.cause, at)


def _state(request: TestStateInputTypeDef) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Name, state, and what the definition around it says for all states. Raises AwsError."""
    definition = _json(request["definition"], "InvalidDefinition")
    if not isinstance(definition, dict):
        raise AwsError("InvalidDefinition", "Definition must be a valid JSON object")
    name = request.get("stateName")
    if name is None:
        return _checked(NAME, definition, {}, "mock" in request)
    if name not in definition.get("States", {}):
        raise AwsError("ValidationException", f"The definition has no state {name} at its top.")
    top = {member: definition[member] for member in ("QueryLanguage",) if member in definition}
    return _checked(name, definition["States"][name], top, "mock" in request)


def _checked(
    name: str, state: dict[str, Any], top: dict[str, Any], has_mock: bool
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    kind = state.get("Type")
    if kind in ("Parallel", "Map", "Wait"):
        raise NotImplementedHere(f"stepfunctions:TestState of a {kind} state", "start an execution of it")
    if has_mock and kind in WITHOUT_WORK:
        raise AwsError("ValidationException", f"A {kind} state does no work that a mock could stand for.")
    return name, state, top


def _machine(name: str, state: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    ends = {target: {"Type": "Succeed"} for target in _targets(state) if target != name}
    return {**top, "StartAt": name, "States": {name: state, **ends}}


def _targets(value: Any) -> Iterator[str]:
    """What a state may lead to, by itself, a rule or a catcher."""
    if isinstance(value, dict):
        for member, inner in value.items():
            if member in ("Next", "Default") and isinstance(inner, str):
                yield inner
            elif member in ("Choices", "Catch"):
                for one in inner if isinstance(inner, list) else ():
                    yield from _targets(one)


def _answer(name: str, history: list[states.HistoryEvent], step: states.Step) -> dict[str, object]:
    exited = [event.details["stateExitedEventDetails"] for event in history if event.type.endswith("StateExited")]
    entered = [event.details["stateEnteredEventDetails"]["name"] for event in history if "Entered" in event.type]
    failed = [inner for event in history for inner in event.details.values() if "error" in inner]
    if any(timer.key.startswith("retry") for timer in step.due):
        return {"status": "RETRIABLE", **_error(failed)}
    own = next((one for one in exited if one["name"] == name), None)
    if own is None:
        return {"status": "FAILED", **_error(failed)}
    following = {"nextState": entered[1]} if len(entered) > 1 else {}
    if failed:
        return {"status": "CAUGHT_ERROR", "output": own["output"], **_error(failed), **following}
    return {"status": "SUCCEEDED", "output": own["output"], **following}


def _error(failed: list[Mapping[str, Any]]) -> dict[str, object]:
    """The last one that was told of."""
    last = failed[-1] if failed else {}
    return {member: last[member] for member in ("error", "cause") if last.get(member) is not None}


def _json(text: str, code: str = "InvalidExecutionInput") -> Any:
    try:
        return states.read(text)
    except ValueError as error:
        raise AwsError(code, f"It is no JSON: {error}") from error
