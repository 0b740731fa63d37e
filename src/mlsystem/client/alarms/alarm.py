"""An alarm as CloudWatch describes it, of a metric or composed of others. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STATES = ("ALARM", "INSUFFICIENT_DATA", "OK")
MOST_RECENT = 50  # values of a reason


@dataclass(frozen=True)
class Rule:
    """When a metric alarm is raised: `datapoints` of `periods` values, one each `period` seconds, are beyond the threshold.

    `queries` are those of GetMetricData; the last one whose data are returned is what is compared.
    """

    operator: str
    threshold: float | None
    period: int
    periods: int
    datapoints: int
    missing_data: str
    statistic: str
    metric: str
    namespace: str
    dimensions: Mapping[str, str]
    queries: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class AlarmView:
    """`rule` of a metric alarm, `composed_of` (its rule in CloudWatch's words) of a composite one. `actions` are ARNs by state."""

    name: str
    arn: str
    state: str
    since: datetime | None
    reason: str
    recent_values: tuple[float, ...]
    description: str
    is_enabled: bool
    actions: Mapping[str, tuple[str, ...]]
    configured: datetime | None = None
    rule: Rule | None = None
    composed_of: str = ""
    others: tuple[str, ...] = field(default=())

    @property
    def is_composite(self) -> bool:
        return self.rule is None


def metric_alarm(told: Mapping[str, Any]) -> AlarmView:
    return AlarmView(**_common(told), rule=_rule(told))


def composite_alarm(told: Mapping[str, Any]) -> AlarmView:
    return AlarmView(**_common(told), composed_of=told.get("AlarmRule", ""), others=_named(told.get("AlarmRule", "")))


def _common(told: Mapping[str, Any]) -> dict[str, Any]:
    members = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
    return {
        "name": told["AlarmName"],
        "arn": told["AlarmArn"],
        "state": told["StateValue"],
        "since": told.get("StateTransitionedTimestamp") or told.get("StateUpdatedTimestamp"),
        "reason": told.get("StateReason", ""),
        "recent_values": _recent(told.get("StateReasonData", "")),
        "description": told.get("AlarmDescription", ""),
        "is_enabled": bool(told.get("ActionsEnabled", True)),
        "actions": {state: tuple(told.get(member, ())) for state, member in members.items()},
        "configured": told.get("AlarmConfigurationUpdatedTimestamp"),
    }


def _rule(told: Mapping[str, Any]) -> Rule:
    queries = tuple(told.get("Metrics", ())) or (_query(told),)
    first = next((one["MetricStat"] for one in queries if "MetricStat" in one), None)
    metric = first["Metric"] if first else {}
    periods = int(told["EvaluationPeriods"])
    expression = next((one["Expression"] for one in queries if one.get("ReturnData", True) and "Expression" in one), "")
    return Rule(
        operator=told["ComparisonOperator"],
        threshold=told.get("Threshold"),
        period=int(told.get("Period") or (first or {}).get("Period") or 60),
        periods=periods,
        datapoints=int(told.get("DatapointsToAlarm", periods)),
        missing_data=told.get("TreatMissingData", "missing"),
        statistic=(first or {}).get("Stat", ""),
        metric=expression or metric.get("MetricName", ""),
        namespace=metric.get("Namespace", ""),
        dimensions={one["Name"]: one["Value"] for one in metric.get("Dimensions", ())},
        queries=queries,
    )


def _query(told: Mapping[str, Any]) -> dict[str, Any]:
    """Of an alarm that names its metric itself."""
    metric = {name: told[name] for name in ("Namespace", "MetricName") if name in told}
    stat = told.get("Statistic") or told.get("ExtendedStatistic") or "Average"
    metric["Dimensions"] = list(told.get("Dimensions", ()))
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": told.get("Period", 60), "Stat": stat}}


def _recent(text: str) -> tuple[float, ...]:
    """The values that its state was decided by, oldest first."""
    try:
        values = json.loads(text).get("recentDatapoints", ()) if text else ()
        return tuple(float(one) for one in values[-MOST_RECENT:] if one is not None)
    except (ValueError, TypeError, AttributeError):
        return ()


def _named(rule: str) -> tuple[str, ...]:
    """Alarms of a composite one's rule: `ALARM("a") AND NOT OK(b)`; ARNs stand for names, too."""
    found: list[str] = []
    for part in rule.replace("(", "\0").split("\0")[1:]:
        name = part.partition(")")[0].strip().strip("\"'").rpartition(":alarm:")[2]
        if name and name not in found:
            found.append(name)
    return tuple(found)
