"""An alarm's change as mail: CloudWatch gives SNS a text for people beside the JSON document for programs. Pure.

The link to AWS's console is left out: there is none here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.services.cloudwatch.alarm_event import region_name

LABEL_WIDTH = 27
METRIC_MEMBERS = {
    "MetricNamespace": "Namespace",
    "MetricName": "MetricName",
    "Dimensions": "Dimensions",
    "Period": "Period",
    "Statistic": "Statistic",
    "Unit": "Unit",
    "TreatMissingData": "TreatMissingData",
}
ACTION_MEMBERS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def alarm_mail(scope: Scope, name: str, arn: str, change: Mapping[str, Any]) -> str:
    """`change` is the data of the action `cloudwatch.notify`."""
    definition: Mapping[str, Any] = change["definition"]
    return "\n".join(
        (
            f'You are receiving this email because your Amazon CloudWatch Alarm "{name}" in the'
            f" {region_name(scope.region)} region has entered the {change['state']} state,"
            f' because "{change["reason"]}" at "{_day(change["at"])}".',
            "",
            "Alarm Details:",
            _line("Name", name),
            _line("Description", definition.get("AlarmDescription", "")),
            _line("State Change", f"{change['previous']} -> {change['state']}"),
            _line("Reason for State Change", change["reason"]),
            _line("Timestamp", _day(change["at"])),
            _line("AWS Account", scope.account),
            _line("Alarm Arn", arn),
            "",
            *_watched(definition),
            "",
            "State Change Actions:",
            *(
                f"- {state}: {', '.join(definition.get(member, ()))}".rstrip()
                for state, member in ACTION_MEMBERS.items()
            ),
        )
    )


def _watched(definition: Mapping[str, Any]) -> Iterator[str]:
    if "AlarmRule" in definition:
        yield from ("Alarm Rule:", f"- {definition['AlarmRule']}")
        return
    yield from ("Threshold:", _threshold(definition), "")
    yield from _monitored(definition)


def _threshold(definition: Mapping[str, Any]) -> str:
    periods = definition["EvaluationPeriods"]
    wanted = definition.get("DatapointsToAlarm", periods)
    period = f" of {definition['Period']} seconds" if "Period" in definition else ""
    return (
        f"- The alarm is in the ALARM state when the metric is {definition['ComparisonOperator']}"
        f" {float(definition.get('Threshold', 0.0))} for at least {wanted} of the last {periods} period(s){period}."
    )


def _monitored(definition: Mapping[str, Any]) -> Iterator[str]:
    if "Metrics" in definition:
        yield "Monitored Metrics:"
        for query in definition["Metrics"]:
            metric = query.get("MetricStat", {}).get("Metric", {})
            what = query.get("Expression") or f"{metric.get('Namespace')} {metric.get('MetricName')}"
            yield _line(query["Id"], what)
        return
    yield "Monitored Metric:"
    dimensions = ", ".join(f"{item['Name']} = {item['Value']}" for item in definition.get("Dimensions", ()))
    shown = {
        "TreatMissingData": "missing",
        **definition,
        "Dimensions": f"[{dimensions}]",
        "Period": f"{definition['Period']} seconds",
        "Statistic": definition.get("Statistic") or definition.get("ExtendedStatistic"),
    }
    for label, member in METRIC_MEMBERS.items():
        yield _line(label, shown.get(member, "not specified"))


def _line(label: str, value: object) -> str:
    return f"- {label + ':':{LABEL_WIDTH}} {value}".rstrip()


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%A %d %B, %Y %H:%M:%S} UTC"
