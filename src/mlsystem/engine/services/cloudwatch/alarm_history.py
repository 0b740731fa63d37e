"""DescribeAlarmHistory. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.paging import Paging, read_mark
from mlsystem.engine.decide.retention import ALARM_HISTORY
from mlsystem.engine.services.cloudwatch.alarm import COMPOSITES, Alarm
from mlsystem.engine.store import schema
from mlsystem.engine.store.forgetting import forget_history

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DescribeAlarmHistoryInputTypeDef

TABLE = schema.history

PAGES = Paging(100, "MaxRecords")


class AlarmHistory(Part):
    """Of one alarm or of all, also of those that were deleted."""

    def __init__(self, house: House):
        self._house = house

    def tidy(self, now: float) -> None:
        forget_history(self._house.database, Alarm, ALARM_HISTORY.since(now))

    @operation(
        "DescribeAlarmHistory",
        accepts="AlarmName AlarmTypes HistoryItemType StartDate EndDate MaxRecords NextToken ScanBy",
    )
    def describe(self, request: DescribeAlarmHistoryInputTypeDef, call: Call) -> Mapping[str, object]:
        is_ascending = request.get("ScanBy") == "TimestampAscending"
        order = TABLE.c.id if is_ascending else TABLE.c.id.desc()
        query = select(TABLE).where(TABLE.c.kind == Alarm.kind).order_by(order)
        for column, member in ((TABLE.c.key, "AlarmName"), (TABLE.c.type, "HistoryItemType")):
            if member in request:
                query = query.where(column == dict(request)[member])
        if "StartDate" in request:
            query = query.where(TABLE.c.at >= _seconds(request["StartDate"]))
        if "EndDate" in request:
            query = query.where(TABLE.c.at <= _seconds(request["EndDate"]))
        composite = {key for _, key in call.tx.each_key(Alarm, parent=COMPOSITES)}
        kinds = request.get("AlarmTypes", ("MetricAlarm",))
        if "CompositeAlarm" not in kinds:
            query = query.where(TABLE.c.key.not_in(composite))
        elif "MetricAlarm" not in kinds:
            query = query.where(TABLE.c.key.in_(composite))
        last = read_mark(request.get("NextToken"))
        if last is not None:
            query = query.where(TABLE.c.id > last[0] if is_ascending else TABLE.c.id < last[0])
        # The database pages: a history grows for as long as its alarm lives.
        rows = call.tx.connection.execute(query.limit(request.get("MaxRecords", PAGES.usual) + 1))
        return PAGES.page(
            rows,
            request,
            "AlarmHistoryItems",
            lambda row: (row.id,),
            lambda row: _item(row, row.key in composite),
            descending=not is_ascending,
        )


def _item(row: Any, is_composite: bool) -> dict[str, object]:
    data = json.loads(row.body)
    return {
        "AlarmName": row.key,
        "AlarmType": "CompositeAlarm" if is_composite else "MetricAlarm",
        "Timestamp": datetime.fromtimestamp(row.at, UTC),
        "HistoryItemType": row.type,
        "HistorySummary": _summary(row.type, data),
        "HistoryData": json.dumps({"version": "1.0", **_data(row.type, data)}),
    }


def _summary(kind: str, data: Mapping[str, Any]) -> str:
    if kind == "StateUpdate":
        return f"Alarm updated from {data['old']['stateValue']} to {data['new']['stateValue']}"
    if kind == "Action":
        if data["error"]:
            return f"Failed to execute action {data['action']}. Received error: {data['error']}"
        return f"Successfully executed action {data['action']}"
    return str(data["summary"])


def _data(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"oldState": data["old"], "newState": data["new"]} if kind == "StateUpdate" else dict(data)


def _seconds(value: Any) -> float:
    return float(value.timestamp()) if isinstance(value, datetime) else float(value)
