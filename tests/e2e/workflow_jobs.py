"""The jobs of project/model/workflow.asl.json as requests: its own Arguments, evaluated, so that no test repeats them.

The expressions are JSONata's, evaluated by the library that Step Functions' language is defined by here; what the workflow keeps in
variables is given by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonata.jsonata import Jsonata

PROJECT = Path(__file__).parents[2] / "project"
EXPRESSION = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)


def arguments_of(state: str, variables: Mapping[str, Any], substitutions: Mapping[str, str]) -> dict[str, Any]:
    """The Arguments of a task of the workflow. `substitutions` are the `${Name}`s that its template fills in."""
    text = (PROJECT / "model" / "workflow.asl.json").read_text()
    filled = re.sub(r"\$\{(\w+)}", lambda match: substitutions.get(match[1], match[0]), text)
    found = list(_states(json.loads(filled), state))
    assert len(found) == 1, f"{state} is {len(found)} times in the workflow"
    return dict(_evaluated(found[0]["Arguments"], variables))


def _states(machine: Mapping[str, Any], wanted: str) -> Any:
    for name, state in machine["States"].items():
        if name == wanted:
            yield state
        for branch in state.get("Branches", ()):
            yield from _states(branch, wanted)


def _evaluated(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _evaluated(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluated(item, variables) for item in value]
    match = EXPRESSION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    expression = Jsonata(match[1])
    for name, given in variables.items():
        expression.assign(name, given)
    return json.loads(json.dumps(expression.evaluate(None)))
