"""What an alarm watches, why it is in its state, and what it does, in words. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mlsystem.client.alarms.alarm import AlarmView, Rule

OPERATORS = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at or above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
    "GreaterThanUpperThreshold": "above the band",
    "LessThanLowerThreshold": "below the band",
    "LessThanLowerOrGreaterThanUpperThreshold": "outside of the band",
}
MISSING = {
    "missing": "not looked at",
    "notBreaching": "not breaching",
    "breaching": "breaching",
    "ignore": "keeps the state",
}
TREATED = {"NonBreaching": "not breaching", "Breaching": "breaching", "Missing": "missing"}
NO_DATA = re.compile(r"no datapoints? were received for (\d+) periods?.*treated as \[(\w+)\]")
MINUTE, HOUR, DAY = 60, 3600, 86400
MOST_VALUES = 5


def condition(rule: Rule) -> str:
    """`1 datapoint above 0 within 1 minute; missing data: not breaching`."""
    of = "" if rule.datapoints == rule.periods else f" of {rule.periods}"
    noun = "datapoint" if rule.datapoints == 1 and not of else "datapoints"
    window = _time(rule.period * rule.periods)
    return f"{rule.datapoints}{of} {noun} {limit(rule)} within {window}; missing data: {MISSING.get(rule.missing_data, rule.missing_data)}"


def limit(rule: Rule) -> str:
    """`above 0`."""
    words = OPERATORS.get(rule.operator, rule.operator)
    return words if rule.threshold is None else f"{words} {rule.threshold:g}"


def watched(rule: Rule) -> str:
    """`Sum of Errors (AWS/Lambda) each minute`."""
    of = f"{rule.statistic} of {rule.metric}" if rule.statistic and "(" not in rule.metric else rule.metric
    where = f" ({rule.namespace})" if rule.namespace else ""
    return f"{of}{where}, by {_time(rule.period)}"


def why(alarm: AlarmView) -> str:
    """The reason of its state, for a person; CloudWatch's own words where nothing better is known."""
    if alarm.rule is not None and alarm.recent_values and alarm.reason.startswith("Threshold Crossed"):
        shown = [f"{value:.4g}" for value in alarm.recent_values[-MOST_VALUES:]]
        noun = "The last value was" if len(shown) == 1 else "The last values were"
        enough = "" if alarm.state == "ALARM" else "not "
        return f"{noun} {', '.join(shown)}: {enough}enough of them {limit(alarm.rule)}."
    return plain(alarm.reason)


def plain(reason: str) -> str:
    """A reason without CloudWatch's terms, where they are known."""
    if reason.startswith("Unchecked"):
        return "It was not evaluated since it was made."
    nothing = NO_DATA.search(reason)
    if nothing:
        count = "the last period" if nothing[1] == "1" else f"{nothing[1]} periods"
        return f"No data came in {count}, which counts as {TREATED.get(nothing[2], nothing[2])}."
    if reason.startswith("Insufficient Data"):
        return "No data came, so nobody can tell."
    return reason


def does(arn: str) -> str:
    """What an action is, by its ARN."""
    service, _, rest = arn.partition(":")[2].partition(":")[2].partition(":")
    name = rest.split(":")[-1]
    match service:
        case "sns":
            return f"tells the topic {name}"
        case "autoscaling":
            policy = re.search(r"policyName/(.+)$", arn)
            return f"scales by the policy {policy[1] if policy else name}"
        case "lambda":
            return f"calls the function {rest.partition(':function:')[2] or name}"
        case _:
            return arn


def change(kind: str, summary: str, data: str) -> tuple[str, str, str]:
    """What happened by the data of a history item: the state before, the state since, and why; states are empty where there is none."""
    told = _json(data)
    if kind == "StateUpdate":
        old, new = told.get("oldState", {}), told.get("newState", {})
        return (
            str(old.get("stateValue", "")),
            str(new.get("stateValue", "")),
            plain(str(new.get("stateReason", summary))),
        )
    arn = str(told.get("action") or told.get("actionName") or "")
    if kind == "Action" and arn and summary.startswith("Successfully"):
        return "", "", f"It {does(arn)}."
    return "", "", summary


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _time(seconds: int) -> str:
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")):
        if seconds % size == 0 and seconds >= size:
            count = seconds // size
            return f"{count} {name}" + ("" if count == 1 else "s")
    return f"{seconds} seconds"
