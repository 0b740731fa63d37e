"""Input transformers: what a target is given instead of the event.

A `<variable>` outside of quotes becomes JSON; inside of quotes it becomes text, objects and arrays without their quotation
marks. A variable whose path is not in the event becomes the empty string.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlsystem.engine.decide.errors import AwsError, EngineError
from mlsystem.engine.decide.pattern.path import NOTHING, extract, steps_of

_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
MOST_PATHS = 100


class TransformFailed(EngineError):
    """The template with this event's values is not JSON: the target is not invoked."""


@dataclass(frozen=True)
class InputTransformer:
    """`paths` is the InputPathsMap, `template` the InputTemplate."""

    template: str
    paths: Mapping[str, str] = field(default_factory=dict)

    def check(self, target_id: str) -> None:
        """Raises AwsError(ValidationException) for unknown placeholders, reserved names and malformed paths."""
        if len(self.paths) > MOST_PATHS:
            raise AwsError(
                "ValidationException", f"InputPathsMap for target {target_id} has more than {MOST_PATHS} paths."
            )
        for name, path in self.paths.items():
            if name.upper().startswith("AWS"):
                raise AwsError(
                    "ValidationException", f"InputPathsMap for target {target_id} uses the reserved name {name}."
                )
            steps_of(path)
        for name in _PLACEHOLDER.findall(self.template):
            if name not in self.paths and name not in RESERVED:
                raise AwsError(
                    "ValidationException", f"InputTemplate for target {target_id} contains invalid placeholder {name}."
                )

    def apply(self, event: Mapping[str, Any], reserved: Mapping[str, Any]) -> str:
        """What the target is given; `reserved` as `reserved_variables` makes them.

        Raises TransformFailed if a template that begins like JSON does not come out as JSON.
        """
        values = {**reserved, **{name: extract(path, event) for name, path in self.paths.items()}}
        is_json = self.template.lstrip()[:1] in ("{", "[")
        text = "".join(_pieces(self.template, values, keeps_quotes=is_json))
        if is_json:
            try:
                json.loads(text)
            except json.JSONDecodeError as error:
                raise TransformFailed(f"the InputTemplate gives no JSON for this event: {error}: {text}") from error
        return text


def reserved_variables(
    event: Mapping[str, Any], *, rule_arn: str, rule_name: str, ingestion_time: str
) -> dict[str, Any]:
    """The variables that EventBridge knows by itself. `aws.events.event` is the event without its detail."""
    names = {"detail-type": "detailType"}
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": ingestion_time,
        "aws.events.event": {names.get(name, name): value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }


def _pieces(template: str, values: Mapping[str, Any], *, keeps_quotes: bool) -> Iterator[str]:
    position = 0
    is_quoted = False
    for found in _PLACEHOLDER.finditer(template):
        literal = template[position : found.start()]
        is_quoted ^= _quotation_marks(literal) % 2 == 1
        yield literal
        value = values.get(found.group(1), NOTHING)
        yield _inside(value, keeps_quotes) if is_quoted else _outside(value)
        position = found.end()
    yield template[position:]


def _quotation_marks(text: str) -> int:
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text))


def _outside(value: Any) -> str:
    return '""' if value is NOTHING else _json(value)


def _inside(value: Any, keeps_quotes: bool) -> str:
    if value is NOTHING:
        return ""
    text = _json(value)
    if isinstance(value, str):
        return text[1:-1]
    return text if keeps_quotes else text.replace('\\"', "").replace('"', "")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
