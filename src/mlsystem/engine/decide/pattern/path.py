"""The paths of InputPath and InputPathsMap: JSONPath's dots, brackets and indices, nothing more.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from typing import Any

from mlsystem.engine.decide.errors import AwsError

_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]")

# Stands for "there is nothing at this path", which null is not.
NOTHING = object()


def steps_of(path: str) -> list[str | int]:
    """Raises AwsError(ValidationException)."""
    position = 1
    result: list[str | int] = []
    while path.startswith("$") and position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            break
        name = found["name"] if found["name"] is not None else found["quoted"]
        result.append(int(found["index"]) if found["index"] is not None else name)
        position = found.end()
    if not path.startswith("$") or position < len(path):
        raise AwsError(
            "ValidationException", f"Invalid path: {path!r} must read like $.detail.name, $.resources[0] or $."
        )
    return result


def extract(path: str, event: Any) -> Any:
    """What stands at `path`, or NOTHING."""
    node = event
    for step in steps_of(path):
        node = _below(node, step)
    return node


def _below(node: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return node[step] if isinstance(node, list) and step < len(node) else NOTHING
    return node.get(step, NOTHING) if isinstance(node, dict) else NOTHING
