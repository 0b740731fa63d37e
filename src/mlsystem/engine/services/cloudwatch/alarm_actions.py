"""Does what the alarm machine decided: looks at the metric, tells a topic."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.alarm import Point, alarm_series, evaluate, needs_values, read_rule, statistic
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.services.cloudwatch.alarm import Alarm, AlarmMachine, is_scaling_policy, sliding_starts
from mlsystem.engine.services.cloudwatch.alarm_event import sns_message
from mlsystem.engine.services.cloudwatch.alarm_mail import alarm_mail
from mlsystem.engine.services.cloudwatch.metric import metric_of
from mlsystem.engine.services.cloudwatch.points import SeriesReader, read_buckets
from mlsystem.engine.store.database import Transaction


class AlarmActions(Part):
    """`evaluate` and `notify`."""

    def __init__(self, house: House, machine: AlarmMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"cloudwatch.evaluate": self._evaluate, "cloudwatch.notify": self._notify}

    def _evaluate(self, call: ActionCall) -> Event | None:
        """None where nothing follows from it, which spares a write in the common case."""
        with self._house.database.reading() as tx:
            alarm = tx.get(Alarm, call.owner_key)
            if alarm is None or alarm.generation != call.data["generation"]:
                return None
            points = alarm_points(tx, alarm, self._house.clock.time_scale, call.data["at"])
        verdict = evaluate(read_rule(alarm.definition), points, call.data["at"])
        scales = any(map(is_scaling_policy, alarm.action_arns(alarm.state)))
        state = alarm.state if verdict is None else str(verdict.state)
        if state == alarm.state and not scales:
            return None
        data: dict[str, Any] = {"generation": alarm.generation, "state": state, "value": _latest(points)}
        if verdict is not None:
            data |= {"reason": verdict.reason, "reason_data": json.dumps(verdict.reason_data)}
        return Event("evaluated", data)

    def _notify(self, call: ActionCall) -> Event:
        with self._house.database.reading() as tx:
            alarm = tx.get(Alarm, call.owner_key)
        arn = alarm.arn if alarm else self._house.scope.arn("cloudwatch", f"alarm:{call.owner_key}")
        told = (self._house.scope, call.owner_key, arn, call.data)
        subject, document = sns_message(*told)
        message = json.dumps({"default": document, "email": alarm_mail(*told)})
        request = {"TopicArn": call.data["topic"], "Subject": subject, "Message": message, "MessageStructure": "json"}
        try:
            self._house.call("sns", "Publish", request, self._house.service("cloudwatch", arn))
        except AwsError as error:
            return Event("notified", {"action": call.data["topic"], "error": str(error)})
        return Event("notified", {"action": call.data["topic"], "error": ""})


def alarm_points(tx: Transaction, alarm: Alarm, time_scale: float, at: float) -> list[Point]:
    """What the alarm watches, by period, oldest first."""
    definition = alarm.definition
    rule = read_rule(definition)
    starts = sliding_starts(rule, time_scale, at)
    period = rule.period / time_scale
    if "Metrics" in definition:
        stored, reader = {}, SeriesReader(tx)
        for query in definition["Metrics"]:
            if "MetricStat" in query:
                stat = query["MetricStat"]
                given = stat["Metric"]
                metric = metric_of(given["Namespace"], given["MetricName"], given.get("Dimensions", ()))
                stored[query["Id"]] = reader.series(metric, starts, period, stat["Stat"], stat.get("Unit"))
        values = alarm_series(definition["Metrics"], stored)
        return [Point(start, value) for start, value in zip(starts, values, strict=True)]
    assert rule.statistic is not None
    metric = metric_of(definition["Namespace"], definition["MetricName"], definition.get("Dimensions", ()))
    buckets = read_buckets(tx, metric, starts, period, rule.unit, with_values=needs_values([rule.statistic]))
    return [
        Point(start)
        if bucket is None
        else Point(start, statistic(bucket.samples, rule.statistic), bucket.samples.count)
        for start, bucket in zip(starts, buckets, strict=True)
    ]


def _latest(points: Sequence[Point]) -> float | None:
    return next((point.value for point in reversed(points) if point.value is not None), None)
