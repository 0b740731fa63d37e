"""A long past for a system that reached production: what it did is multiplied in its database, and what it never did is made up.

Executions of the pipeline and the workflow, builds, jobs and trials are copied `size` times, an hour apart and older than what really
happened; as many deployments, failed looks of the monitor, captured files and decisions about retraining are written; a tenth of that of
alarms, a hundred times that of log lines and metric points. Of alarms and lines there are at least so many that they fill their pages.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlsystem.client.retraining import RECORDS, STAMP
from mlsystem.engine.decide.traffic import DeploymentStatus, named_config, new_deployment
from mlsystem.engine.services.codedeploy.applications import DeploymentGroup
from mlsystem.engine.services.codedeploy.deployment import DeploymentRecord
from mlsystem.engine.services.sagemaker.monitoring_execution import MonitoringExecution
from mlsystem.engine.services.sagemaker.monitoring_schedule import MonitoringSchedule
from mlsystem.engine.store.records import Record

KINDS = (
    "codepipeline.execution",
    "stepfunctions.execution",
    "codebuild.build",
    "sagemaker.training_job",
    "sagemaker.processing_job",
    "sagemaker.trial",
)
ALARM = "cloudwatch.alarm"
LEAST_ALARMS, LEAST_LINES = 100, 100_000
LINES_DAYS = 1
CAPTURE_SECONDS = 8.0  # from file to file
# From point to point of a metric: a chart of some hours is as full with a short past as with a long one.
POINT_SECONDS = 150.0
# So many decisions tell their own time; older ones are copies of these.
TOLD_DECISIONS = 300
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MOMENT = re.compile(r"\b1\d{9}\.\d+\b")  # seconds since the epoch, in a record's JSON
POINT = "namespace, name, dimensions, at, unit, sample_count, total, minimum, maximum, sample"
RECORD = "kind, key, parent, state, body, created_at, updated_at"
LINE = "group_name, stream_name, at_ms, ingested_ms, message"
OBJECT = "bucket, key, sequence, version_id, is_latest, is_delete_marker, holder, size, etag, modified_at, body"

Row = tuple[Any, ...]


def multiply(database: Path, size: int) -> None:
    """Before the engine begins. What really happened stays the newest."""
    multiply_kinds(database, {**dict.fromkeys(KINDS, size), ALARM: max(size // 10, LEAST_ALARMS)})
    with sqlite3.connect(database) as connection:
        for make in (_deployments, _looks):
            _insert(connection, "records", RECORD, map(_row, make(connection, size)))
        _insert(connection, "metric_points", POINT, _points(connection, size * 100))
        _insert(connection, "log_events", LINE, _lines(connection, max(size * 100, LEAST_LINES)))
        _insert(connection, "objects", OBJECT, _objects(connection, "/capture/", size, _captured))
    connection.close()


def multiply_kinds(database: Path, counts: Mapping[str, int]) -> None:
    """So many more records of each kind, of any engine that does not run."""
    with sqlite3.connect(database) as connection:
        for kind, count in counts.items():
            _insert(connection, "records", RECORD, _copies(connection, kind, count))
    connection.close()


def decide(s3: Any, database: Path, bucket: str, pipeline: str, size: int) -> None:
    """Decisions about retraining, of a running engine: what they say must be encrypted."""
    folder, now = f"{pipeline}/{RECORDS}", time.time()
    for number in range(min(size, TOLD_DECISIONS)):
        at = datetime.fromtimestamp(now - (number + 1) * HOUR, UTC)
        told = {"Time": at.isoformat(), "Trigger": "drift", "Decision": "refused", "Reason": "it has just cooled down"}
        s3.put_object(Bucket=bucket, Key=f"{folder}{at:{STAMP}}Z-{number}.json", Body=json.dumps(told).encode())
    with sqlite3.connect(database, timeout=60) as connection:
        connection.execute("BEGIN IMMEDIATE")  # the engine writes too

        def key(_key: str, number: int) -> str:
            at = datetime.fromtimestamp(now - (TOLD_DECISIONS + number + 1) * HOUR, UTC)
            return f"{folder}{at:{STAMP}}Z-copy.json"

        _insert(connection, "objects", OBJECT, _objects(connection, f"/{RECORDS}", max(size - TOLD_DECISIONS, 0), key))
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, columns: str, rows: Iterable[Row]) -> None:
    marks = ", ".join("?" * len(columns.split(", ")))
    connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


# ---------------------------------------------------------------------- records
def _copies(connection: sqlite3.Connection, kind: str, count: int) -> Iterator[Row]:
    found = connection.execute(
        f"SELECT {RECORD} FROM records WHERE kind = ? ORDER BY created_at DESC LIMIT 3", (kind,)
    ).fetchall()
    for number in range(count if found else 0):
        kind, key, parent, state, body, created, updated = found[number % len(found)]
        copy, past = f"{key}-{number}", (number + 1) * HOUR
        body = _earlier(body.replace(key, copy), past)
        if kind.endswith("_job") and parent:  # each run has a trial of its own
            body = body.replace(parent, f"{parent}-{number}")
            parent = f"{parent}-{number}"
        yield kind, copy, parent, state, body, created - past, updated - past


def _earlier(body: str, seconds: float) -> str:
    """With all its times so much before what they are: lists go by those that a record tells of itself."""
    return MOMENT.sub(lambda found: repr(float(found[0]) - seconds), body)


def _row(record: Record) -> Row:
    at = record.created_at
    return record.kind, record.key, record.parent, record.state, record.model_dump_json(), at, at


def _of_kind(connection: sqlite3.Connection, model: type[Record]) -> Any:
    """The only record of a kind."""
    [(body,)] = connection.execute("SELECT body FROM records WHERE kind = ?", (model.kind,)).fetchall()
    return model.model_validate_json(body)


def _deployments(connection: sqlite3.Connection, count: int) -> Iterator[Record]:
    """Of the API, between its two last versions and back, each a success."""
    group: DeploymentGroup = _of_kind(connection, DeploymentGroup)
    [(alias,)] = connection.execute("SELECT body FROM records WHERE kind = 'lambda.alias' AND key LIKE '%:live'")
    function, version = json.loads(alias)["parent"], json.loads(alias)["version"]
    for number in range(count):
        name, at = f"d-{number:09}", group.created_at - (number + 1) * HOUR
        planned = new_deployment(
            deployment_id=name,
            function_name=function,
            alias="live",
            current_version=version,
            target_version=version,
            config=named_config(group.definition["deploymentConfigName"]),
            at=at,
        )
        over = {"status": DeploymentStatus.SUCCEEDED, "percent": 100, "started_at": at, "completed_at": at + MINUTE}
        yield DeploymentRecord(
            key=name,
            parent=group.key,
            state=DeploymentStatus.SUCCEEDED,
            created_at=at,
            updated_at=at + MINUTE,
            deployment=planned.model_copy(update=over),
            application=group.parent,
            group=group.name,
            group_id=group.id,
            role_arn=group.definition["serviceRoleArn"],
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": _appspec(function, version)}},
        )


def _appspec(function: str, version: str) -> str:
    """https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-example.html"""
    moved = {"Name": function, "Alias": "live", "CurrentVersion": version, "TargetVersion": version}
    return json.dumps({"version": 0.0, "Resources": [{"live": {"Type": "AWS::Lambda::Function", "Properties": moved}}]})


def _looks(connection: sqlite3.Connection, count: int) -> Iterator[Record]:
    schedule: MonitoringSchedule = _of_kind(connection, MonitoringSchedule)
    for number in range(count):
        at = schedule.created_at - (number + 1) * HOUR
        yield MonitoringExecution(
            key=f"{schedule.key}/{at:.3f}",
            parent=schedule.key,
            created_at=at,
            updated_at=at,
            endpoint=schedule.parent,
            due=at,
            failure_reason="No Data",
        )


# ---------------------------------------------------------------------- what is much
def _points(connection: sqlite3.Connection, count: int) -> Iterator[Row]:
    """Of each metric one every so often, as far back as it takes, and on whole minutes, as the engine keeps what is some hours old."""
    named: dict[Row, list[Row]] = {}
    for namespace, name, dimensions, _, *rest in connection.execute(f"SELECT {POINT} FROM metric_points"):
        named.setdefault((namespace, name, dimensions), []).append(tuple(rest))
    chance, now = random.Random(1), time.time()
    each, more = divmod(count, len(named))
    for number, (metric, values) in enumerate(named.items()):
        for turn in range(each + (number < more)):
            at = (now - (turn + 1) * POINT_SECONDS) // MINUTE * MINUTE
            yield *metric, at, *chance.choice(values)


def _lines(connection: sqlite3.Connection, count: int) -> Iterator[Row]:
    """In the streams of each group that has any."""
    now = int(time.time() * 1000)
    lines = connection.execute(f"SELECT {LINE} FROM log_events").fetchall()
    step = LINES_DAYS * DAY * 1000 / max(count, 1)
    for number in range(count):
        group, stream, _, _, message = lines[number % len(lines)]
        at = now - int((count - number) * step)
        yield group, stream, at, at, message


def _objects(connection: sqlite3.Connection, folder: str, count: int, name: Callable[[str, int], str]) -> Iterator[Row]:
    """Others with the bytes of those that are there."""
    found = connection.execute(
        f"SELECT {OBJECT} FROM objects WHERE instr(key, ?) AND is_latest LIMIT 50", (folder,)
    ).fetchall()
    for number in range(count if found else 0):
        bucket, key, sequence, _, *rest = found[number % len(found)]
        yield bucket, name(key, number), sequence, uuid.uuid4().hex, *rest


def _captured(key: str, number: int) -> str:
    """The name of a file of the last day: `<variant>/yyyy/mm/dd/hh/<mm-ss-...>.jsonl`."""
    at = datetime.fromtimestamp(time.time() - number * CAPTURE_SECONDS, UTC)
    return f"{key.rsplit('/', 5)[0]}/{at:%Y/%m/%d/%H/%M-%S}-000-{uuid.uuid4()}.jsonl"
