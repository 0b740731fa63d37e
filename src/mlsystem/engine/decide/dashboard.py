"""What CloudWatch asks of a dashboard's body, in its words. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
What a metric or an expression means is not looked at: what does not exist is an empty graph.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mlsystem.engine.decide.errors import AwsError

CODE = "InvalidParameterInput"
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
MOST_WIDGETS, MOST_ALARMS = 500, 100
# Least and most of each; a missing one is the page's choice.
PLACES = {"x": (0, 23), "y": (0, None), "width": (1, 24), "height": (1, 1000)}
NO_SOURCE = "The metric widget should have specified a region and a data source or an alarm annotation"
ALLOWED = "Should be equal to one of the allowed values"


@dataclass(frozen=True)
class Fault:
    """Members are called as CloudWatch calls them."""

    dataPath: str
    message: str


Faults = Iterator[Fault]


def check_name(name: str) -> None:
    """Raises AwsError."""
    if not NAME.fullmatch(name):
        raise AwsError(
            CODE,
            f"The value {name} for field DashboardName contains invalid characters. It can only contain alphanumerics, "
            "dash (-) and underscore (_).",
            status=400,
        )


def check_body(text: str) -> None:
    """Raises AwsError with all that is wrong."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise AwsError(CODE, "The field DashboardBody must be a valid JSON object", status=400)
    found = list(_body(body))
    if found:
        listed = json.dumps([asdict(fault) for fault in found], indent=2)
        told = f"The dashboard body is invalid, there are {len(found)} validation errors:\n{listed}"
        raise AwsError(CODE, told, status=400)


def _body(body: Mapping[str, Any]) -> Faults:
    widgets = body.get("widgets")
    if "widgets" not in body:
        yield Fault("", "Should have required property 'widgets'")
    elif not isinstance(widgets, list):
        yield Fault("/widgets", "Should be array")
    else:
        yield from _length("/widgets", widgets, 0, MOST_WIDGETS)
        for number, widget in enumerate(widgets):
            yield from _widget(f"/widgets/{number}", widget)
    variables = body.get("variables", [])
    if not isinstance(variables, list):
        yield Fault("/variables", "Should be array")
        return
    for number, variable in enumerate(variables):
        yield from _variable(f"/variables/{number}", variable)


def _widget(path: str, widget: object) -> Faults:
    if not isinstance(widget, dict):
        yield Fault(path, "Should be object")
        return
    yield from _required(path, widget, "type", "properties")
    for name, (least, most) in PLACES.items():
        yield from _place(f"{path}/{name}", widget.get(name, least), least, most)
    kind, properties = widget.get("type"), widget.get("properties")
    if kind is not None and (not isinstance(kind, str) or kind not in WIDGETS):
        yield Fault(f"{path}/type", ALLOWED)
    elif properties is not None and not isinstance(properties, dict):
        yield Fault(f"{path}/properties", "Should be object")
    elif kind is not None and properties is not None:
        yield from WIDGETS[kind](f"{path}/properties", properties)


def _place(path: str, value: object, least: int, most: int | None) -> Faults:
    if isinstance(value, bool) or not isinstance(value, int):
        yield Fault(path, "Should be integer")
    elif value < least:
        yield Fault(path, f"Should be >= {least}")
    elif most is not None and value > most:
        yield Fault(path, f"Should be <= {most}")


def _metric(path: str, properties: Mapping[str, Any]) -> Faults:
    metrics, annotations = properties.get("metrics"), properties.get("annotations", {})
    watches_alarm = isinstance(annotations, dict) and bool(annotations.get("alarms"))
    if metrics is None and not watches_alarm:
        yield Fault(path, "Should have required property 'metrics'")
        yield Fault(path, NO_SOURCE)
        yield Fault(path, "Should have required property 'annotations'")
    elif metrics is not None and not isinstance(metrics, list):
        yield Fault(f"{path}/metrics", "Should be array")
    elif metrics is not None:
        if "region" not in properties:
            yield Fault(path, NO_SOURCE)
        yield from (
            Fault(f"{path}/metrics/{number}", "Should be array")
            for number, line in enumerate(metrics)
            if not isinstance(line, list)
        )


def _alarms(path: str, properties: Mapping[str, Any]) -> Faults:
    yield from _required(path, properties, "alarms")
    alarms = properties.get("alarms", [""])
    if isinstance(alarms, list):
        yield from _length(f"{path}/alarms", alarms, 1, MOST_ALARMS)
    else:
        yield Fault(f"{path}/alarms", "Should be array")


def _text(path: str, properties: Mapping[str, Any]) -> Faults:
    yield from _required(path, properties, "markdown")


def _unlooked_at(path: str, properties: Mapping[str, Any]) -> Faults:
    yield from ()


WIDGETS: dict[str, Callable[[str, Mapping[str, Any]], Faults]] = {
    "alarm": _alarms,
    "metric": _metric,
    "text": _text,
    **dict.fromkeys(("chart", "custom", "explorer", "log"), _unlooked_at),
}


def _variable(path: str, variable: object) -> Faults:
    if not isinstance(variable, dict):
        yield Fault(path, "Should be object")
        return
    yield from _required(path, variable, "type", "id", "inputType")
    kind = variable.get("type", "pattern")
    if kind in ("pattern", "property"):
        yield from _required(path, variable, kind)
    else:
        yield Fault(f"{path}/type", ALLOWED)
    if variable.get("inputType", "input") not in ("input", "radio", "select"):
        yield Fault(f"{path}/inputType", ALLOWED)


def _required(path: str, found: Mapping[str, Any], *names: str) -> Faults:
    yield from (Fault(path, f"Should have required property '{name}'") for name in names if name not in found)


def _length(path: str, found: Sequence[Any], least: int, most: int) -> Faults:
    if len(found) < least:
        yield Fault(path, f"Should NOT have less than {least} items")
    if len(found) > most:
        yield Fault(path, f"Should NOT have more than {most} items")
