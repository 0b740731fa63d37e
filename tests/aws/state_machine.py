"""Walks through a workflow in JSONata as Step Functions does, with given results for its tasks.

Only what the training workflow uses: Task, Choice, Parallel, Pass and Fail, and the functions that Step Functions adds to JSONata.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jsonata.jsonata import Jsonata

Results = Callable[[str, dict[str, Any]], Any]


class TaskFailedError(Exception):
    """What a task's service answered instead of a result."""

    def __init__(self, error: str, cause: str | None) -> None:
        super().__init__(error)
        self.output = {"Error": error} | ({} if cause is None else {"Cause": cause})


class ExecutionFailedError(Exception):
    """A Fail state was reached."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass
class Walk:
    """One execution. `requests` are the tasks' arguments, as they were evaluated, by state."""

    definition: dict[str, Any]
    name: str
    results: Results
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    output: Any = None

    def run(self, execution_input: dict[str, Any]) -> Any:
        return self._machine(self.definition, execution_input, {})

    def _machine(self, machine: dict[str, Any], value: Any, variables: dict[str, Any]) -> Any:
        name: str | None = machine["StartAt"]
        while name is not None:
            name, value = self._state(name, machine["States"][name], value, variables)
        return value

    def _state(self, name: str, state: dict[str, Any], value: Any, variables: dict[str, Any]) -> tuple[str | None, Any]:
        scope = {"input": value, "context": {"Execution": {"Name": self.name}}}
        if state["Type"] == "Fail":
            raise ExecutionFailedError(state["Error"], evaluate(state["Cause"], scope, variables))
        if state["Type"] == "Choice":
            for choice in state["Choices"]:
                if evaluate(choice["Condition"], scope, variables) is True:
                    return choice["Next"], value
            return state["Default"], value
        try:
            scope["result"] = self._result(name, state, scope, variables)
        except TaskFailedError as error:
            [catcher] = state["Catch"]
            return catcher["Next"], error.output
        assigned = evaluate(state.get("Assign", {}), scope, variables)
        output = evaluate(state["Output"], scope, variables) if "Output" in state else scope["result"]
        variables.update(assigned)
        return state.get("Next"), output

    def _result(self, name: str, state: dict[str, Any], scope: dict[str, Any], variables: dict[str, Any]) -> Any:
        if state["Type"] == "Pass":
            return scope["input"]
        if state["Type"] == "Parallel":
            return [self._machine(branch, scope["input"], dict(variables)) for branch in state["Branches"]]
        assert state["Type"] == "Task"
        self.requests[name] = evaluate(state["Arguments"], scope, variables)
        return self.results(name, self.requests[name])


def evaluate(template: Any, states: dict[str, Any], variables: dict[str, Any]) -> Any:
    """A JSON value with its `{% %}` strings replaced by what they evaluate to."""
    if isinstance(template, dict):
        return {key: evaluate(value, states, variables) for key, value in template.items()}
    if isinstance(template, list):
        return [evaluate(value, states, variables) for value in template]
    if isinstance(template, str) and template.startswith("{%") and template.endswith("%}"):
        expression = Jsonata(template[2:-2].strip())
        expression.register_lambda("parse", json.loads)
        for name, value in {"states": states, **variables}.items():
            expression.assign(name, value)
        result = expression.evaluate(None)
        assert result is not None, f"{template} evaluates to nothing, which Step Functions refuses"
        return result
    return template


def all_states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The states of a machine and of its branches, by name."""
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", []):
            yield from all_states(branch)
