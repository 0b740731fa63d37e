"""Asking CloudWatch for alarms, never for all of them: there may be thousands."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.alarms.alarm import STATES, AlarmView, composite_alarm, metric_alarm
from mlsystem.client.connection import Connection
from mlsystem.client.dashboard.filled import Line
from mlsystem.client.errors import ClientFailure, NotFound

KINDS = ["MetricAlarm", "CompositeAlarm"]
MOST_COUNTED = 50  # of a state: each is told in full, so that counting on costs what reading does
MOST_FIRST = 10


@dataclass(frozen=True)
class AlarmPage:
    alarms: tuple[AlarmView, ...]
    next_token: str


@dataclass(frozen=True)
class Count:
    """`is_more`: at least so many. `first` are some of them, in the order of their names."""

    number: int
    is_more: bool
    first: tuple[AlarmView, ...] = ()


@dataclass(frozen=True)
class Change:
    """Something that happened to an alarm. `kind`: StateUpdate, Action or ConfigurationUpdate."""

    at: datetime
    kind: str
    summary: str
    data: str


@dataclass(frozen=True)
class ChangePage:
    changes: tuple[Change, ...]
    next_token: str


class Alarms:
    def __init__(self, connection: Connection):
        self._cloudwatch = connection.client("cloudwatch")

    def page(self, prefix: str, state: str, size: int, token: str = "") -> AlarmPage:
        """In the order of their names. Raises ClientFailure."""
        found = self._described(self._asked(prefix, state), MaxRecords=size, **({"NextToken": token} if token else {}))
        return AlarmPage(_views(found), found.get("NextToken", ""))

    def counts(self, prefix: str) -> dict[str, Count]:
        """By state, up to `MOST_COUNTED` each. Raises ClientFailure."""

        def count(state: str) -> Count:
            found = self._described(self._asked(prefix, state), MaxRecords=MOST_COUNTED)
            views = _views(found)
            return Count(len(views), bool(found.get("NextToken")), views[:MOST_FIRST])

        with ThreadPoolExecutor(len(STATES)) as pool:
            return dict(zip(STATES, pool.map(count, STATES), strict=True))

    def one(self, name: str) -> AlarmView:
        """Raises NotFound, ClientFailure."""
        views = _views(self._described({"AlarmNames": [name], "AlarmTypes": KINDS}))
        if not views:
            raise NotFound(f"there is no alarm {name}: it may have gone with the version that it watched")
        return views[0]

    def states(self, names: Sequence[str]) -> dict[str, str]:
        """Of up to a hundred alarms; what is not there is left out. Raises ClientFailure."""
        if not names:
            return {}
        views = _views(self._described({"AlarmNames": list(names)[:MOST_COUNTED], "AlarmTypes": KINDS}))
        return {one.name: one.state for one in views}

    def history(self, name: str, size: int, token: str = "", kind: str = "") -> ChangePage:
        """The newest first. Raises ClientFailure."""
        more = {**({"NextToken": token} if token else {}), **({"HistoryItemType": kind} if kind else {})}
        try:
            found = self._cloudwatch.describe_alarm_history(
                AlarmName=name, AlarmTypes=KINDS, MaxRecords=size, ScanBy="TimestampDescending", **more
            )
        except ClientError as error:
            raise _failure(error) from error
        changes = tuple(
            Change(one["Timestamp"], one["HistoryItemType"], one.get("HistorySummary", ""), one.get("HistoryData", ""))
            for one in found["AlarmHistoryItems"]
        )
        return ChangePage(changes, found.get("NextToken", ""))

    def lines(self, alarm: AlarmView, since: datetime, until: datetime, least_period: int) -> list[Line]:
        """What a metric alarm compares, over time. Raises ClientFailure."""
        if alarm.rule is None:
            return []
        queries = [_slower(dict(one), least_period) for one in alarm.rule.queries]
        found: dict[str, Line] = {}
        try:
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, StartTime=since, EndTime=until, ScanBy="TimestampAscending"
            )
            for page in pages:
                for one in page["MetricDataResults"]:
                    line = found.get(one["Id"], Line(one["Label"], (), ()))
                    at, values = (*line.at, *one["Timestamps"]), (*line.values, *one["Values"])
                    found[one["Id"]] = Line(line.label, at, values)
        except ClientError as error:
            raise _failure(error) from error
        return list(found.values())

    def switch(self, name: str, is_on: bool) -> None:
        """Whether it does something when its state changes. Raises NotFound, ClientFailure."""
        self.one(name)  # CloudWatch passes over one that is not there
        do = self._cloudwatch.enable_alarm_actions if is_on else self._cloudwatch.disable_alarm_actions
        try:
            do(AlarmNames=[name])
        except ClientError as error:
            raise _failure(error) from error

    # ------------------------------------------------------------------ inner
    def _asked(self, prefix: str, state: str) -> dict[str, Any]:
        asked: dict[str, Any] = {"AlarmTypes": KINDS}
        if prefix:
            asked["AlarmNamePrefix"] = prefix
        return {**asked, "StateValue": state} if state else asked

    def _described(self, asked: dict[str, Any], **more: Any) -> Any:
        try:
            return self._cloudwatch.describe_alarms(**asked, **more)
        except ClientError as error:
            raise _failure(error) from error


def _views(found: Any) -> tuple[AlarmView, ...]:
    composites = [composite_alarm(one) for one in found.get("CompositeAlarms", ())]
    return (*composites, *(metric_alarm(one) for one in found.get("MetricAlarms", ())))


def _slower(query: dict[str, Any], least: int) -> dict[str, Any]:
    """By no shorter a period than this."""
    query.pop("AccountId", None)
    if "MetricStat" in query:
        stat = query["MetricStat"]
        return {**query, "MetricStat": {**stat, "Period": max(stat.get("Period", 60), least)}}
    return {**query, "Period": max(query.get("Period", 60), least)}


def _failure(error: ClientError) -> ClientFailure:
    return ClientFailure(f"{error.operation_name}: {error.response['Error'].get('Message') or error}")
