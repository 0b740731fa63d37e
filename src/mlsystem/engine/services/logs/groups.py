"""Log groups and streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field
from sqlalchemy import delete, select

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Mark, Paging, by_key
from mlsystem.engine.decide.retention import DAY_SECONDS
from mlsystem.engine.services.logs.metric_filter import MetricFilter
from mlsystem.engine.store import schema
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        CreateLogGroupRequestTypeDef,
        CreateLogStreamRequestTypeDef,
        DeleteLogGroupRequestTypeDef,
        DeleteLogStreamRequestTypeDef,
        DeleteRetentionPolicyRequestTypeDef,
        DescribeLogGroupsRequestTypeDef,
        DescribeLogStreamsRequestTypeDef,
        PutRetentionPolicyRequestTypeDef,
    )

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

PAGES = Paging(50, "limit", "nextToken", "nextToken")


# That one transaction forgets: others write meanwhile.
EVENTS_AT_ONCE = 2000


class LogGroup(Record):
    """`key` is the group's name."""

    kind: ClassVar[str] = "logs.group"
    retention_days: int | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class LogStream(Record):
    """`key` is `group:stream` (a colon is in neither name), `parent` the group."""

    kind: ClassVar[str] = "logs.stream"
    name: str


def require_group(tx: Transaction, name: str) -> LogGroup:
    group = tx.get(LogGroup, name)
    if group is None:
        raise AwsError("ResourceNotFoundException", f"The specified log group does not exist: {name}")
    return group


def require_stream(tx: Transaction, group: str, stream: str) -> LogStream:
    require_group(tx, group)
    found = tx.get(LogStream, f"{group}:{stream}")
    if found is None:
        raise AwsError("ResourceNotFoundException", f"The specified log stream does not exist: {stream} in {group}")
    return found


def ensure_stream(tx: Transaction, group: str, stream: str) -> None:
    """Make a stream and its group where they are missing, as AWS's services do for their own logs."""
    if tx.get(LogGroup, group) is None:
        tx.add(LogGroup(key=group))
    if tx.get(LogStream, f"{group}:{stream}") is None:
        tx.add(LogStream(key=f"{group}:{stream}", parent=group, name=stream))


class Groups(Part):
    """Create, describe, delete; retention."""

    def __init__(self, house: House):
        self._house = house

    def tidy(self, now: float) -> None:
        """Events past the retention of their group; without one they stay, as on AWS. Streams stay, too."""
        with self._house.database.reading() as tx:
            ages = {group.key: group.retention_days for group in tx.all(LogGroup) if group.retention_days}
        for name, days in ages.items():
            while self._forget_some(name, int((now - days * DAY_SECONDS) * 1000)):
                pass

    def _forget_some(self, group: str, before_ms: int) -> int:
        """In one transaction; how many events there were."""
        table = schema.log_events
        old = select(table.c.id).where(table.c.group_name == group, table.c.at_ms < before_ms).limit(EVENTS_AT_ONCE)
        with self._house.database.transaction() as tx:
            return tx.connection.execute(delete(table).where(table.c.id.in_(old))).rowcount

    @operation("CreateLogGroup", accepts="logGroupName kmsKeyId tags logGroupClass")
    def create_group(self, request: CreateLogGroupRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = request["logGroupName"]
        if call.tx.get(LogGroup, name) is not None:
            raise AwsError("ResourceAlreadyExistsException", f"The specified log group already exists: {name}")
        call.tx.add(LogGroup(key=name, tags=dict(request.get("tags", {}))))
        return {}

    @operation("DeleteLogGroup", accepts="logGroupName")
    def delete_group(self, request: DeleteLogGroupRequestTypeDef, call: Call) -> Mapping[str, object]:
        group = require_group(call.tx, request["logGroupName"])
        for stream in call.tx.all(LogStream, parent=group.key):
            call.tx.remove(LogStream, stream.key)
        for one in call.tx.all(MetricFilter, parent=group.key):
            call.tx.remove(MetricFilter, one.key)
        table = schema.log_events
        call.tx.connection.execute(delete(table).where(table.c.group_name == group.key))
        call.tx.remove(LogGroup, group.key)
        return {}

    @operation("DescribeLogGroups", accepts="logGroupNamePrefix logGroupNamePattern nextToken limit")
    def describe_groups(self, request: DescribeLogGroupsRequestTypeDef, call: Call) -> Mapping[str, object]:
        exclusive(request, "logGroupNamePrefix", "logGroupNamePattern")
        prefix, pattern = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
        groups = [group for group in call.tx.all(LogGroup) if group.key.startswith(prefix) and pattern in group.key]
        groups.sort(key=lambda group: group.key)
        return PAGES.page(groups, request, "logGroups", by_key, self._group)

    @operation("PutRetentionPolicy", accepts="logGroupName retentionInDays")
    def put_retention(self, request: PutRetentionPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        group = require_group(call.tx, request["logGroupName"])
        days = request["retentionInDays"]
        if days not in RETENTION_DAYS:
            allowed = ", ".join(map(str, RETENTION_DAYS))
            raise AwsError("InvalidParameterException", f"retentionInDays is {days}, which is none of {allowed}")
        call.tx.put(group.changed(retention_days=days))
        return {}

    @operation("DeleteRetentionPolicy", accepts="logGroupName")
    def delete_retention(self, request: DeleteRetentionPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        group = require_group(call.tx, request["logGroupName"])
        call.tx.put(group.changed(retention_days=None))
        return {}

    @operation("CreateLogStream", accepts="logGroupName logStreamName")
    def create_stream(self, request: CreateLogStreamRequestTypeDef, call: Call) -> Mapping[str, object]:
        group, name = request["logGroupName"], request["logStreamName"]
        require_group(call.tx, group)
        if call.tx.get(LogStream, f"{group}:{name}") is not None:
            raise AwsError("ResourceAlreadyExistsException", f"The specified log stream already exists: {name}")
        ensure_stream(call.tx, group, name)
        return {}

    @operation("DeleteLogStream", accepts="logGroupName logStreamName")
    def delete_stream(self, request: DeleteLogStreamRequestTypeDef, call: Call) -> Mapping[str, object]:
        stream = require_stream(call.tx, request["logGroupName"], request["logStreamName"])
        table = schema.log_events
        conditions = (table.c.group_name == stream.parent, table.c.stream_name == stream.name)
        call.tx.connection.execute(delete(table).where(*conditions))
        call.tx.remove(LogStream, stream.key)
        return {}

    @operation(
        "DescribeLogStreams",
        accepts="logGroupName logGroupIdentifier logStreamNamePrefix orderBy descending nextToken limit",
    )
    def describe_streams(self, request: DescribeLogStreamsRequestTypeDef, call: Call) -> Mapping[str, object]:
        group = require_group(call.tx, group_name(request)).key
        prefix = request.get("logStreamNamePrefix", "")
        streams = [stream for stream in call.tx.all(LogStream, parent=group) if stream.name.startswith(prefix)]
        is_reversed = bool(request.get("descending"))
        if request.get("orderBy") == "LastEventTime":
            if prefix:
                message = "Cannot order by LastEventTime with a logStreamNamePrefix."
                raise AwsError("InvalidParameterException", message)
            described = [self._stream(call.tx, stream) for stream in streams]
            described.sort(key=_by_last_event, reverse=is_reversed)
            return PAGES.page(described, request, "logStreams", _by_last_event, descending=is_reversed)
        streams.sort(key=lambda stream: stream.name, reverse=is_reversed)
        return PAGES.page(
            streams,
            request,
            "logStreams",
            lambda stream: (stream.name,),
            lambda stream: self._stream(call.tx, stream),
            descending=is_reversed,
        )

    def _group(self, group: LogGroup) -> dict[str, object]:
        arn = self._house.scope.arn("logs", f"log-group:{group.key}")
        retention = {"retentionInDays": group.retention_days} if group.retention_days else {}
        return {
            "logGroupName": group.key,
            "creationTime": int(group.created_at * 1000),
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            **retention,
        }

    def _stream(self, tx: Transaction, stream: LogStream) -> dict[str, Any]:
        times = _times(tx, stream)
        arn = self._house.scope.arn("logs", f"log-group:{stream.parent}:log-stream:{stream.name}")
        return {"logStreamName": stream.name, "creationTime": int(stream.created_at * 1000), "arn": arn, **times}


def _by_last_event(described: Mapping[str, Any]) -> Mark:
    return (described.get("lastEventTimestamp", 0), described["logStreamName"])


def _times(tx: Transaction, stream: LogStream) -> dict[str, int]:
    """Of the first event and of the last, each found by the index: a stream may have very many."""
    table = schema.log_events
    own = select(table.c.at_ms, table.c.ingested_ms).where(
        table.c.group_name == stream.parent, table.c.stream_name == stream.name
    )
    first = tx.connection.execute(own.order_by(table.c.at_ms, table.c.id).limit(1)).first()
    last = tx.connection.execute(own.order_by(table.c.at_ms.desc(), table.c.id.desc()).limit(1)).first()
    if first is None or last is None:
        return {}
    return {"firstEventTimestamp": first[0], "lastEventTimestamp": last[0], "lastIngestionTime": last[1]}


def exclusive(request: Mapping[str, Any], one: str, other: str) -> None:
    """Raises AwsError(InvalidParameterException) where both are given."""
    if one in request and other in request:
        raise AwsError("InvalidParameterException", f"{one} and {other} are mutually exclusive.")


def group_name(request: Mapping[str, Any]) -> str:
    """From `logGroupName`, or from `logGroupIdentifier`, which is a name or an ARN."""
    if "logGroupName" in request:
        return str(request["logGroupName"])
    if "logGroupIdentifier" in request:
        return str(request["logGroupIdentifier"]).rsplit("log-group:", 1)[-1].removesuffix(":*")
    raise AwsError("InvalidParameterException", "Either logGroupName or logGroupIdentifier is required.")
