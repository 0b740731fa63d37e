"""What the system decided about training anew, and asking it to decide: the records and the function of `project/retraining`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.codepipeline import CodePipeline
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack
from mlsystem.client.stored_file import FinalDocuments

RECORDS = "retraining/decisions/"
# How the records' keys begin: project/retraining/retraining_decisions.py
STAMP, STAMP_LENGTH = "%Y-%m-%dT%H-%M-%S", 19
SPANS = (timedelta(days=2), timedelta(days=14), timedelta(days=60), timedelta(days=480))
PARALLEL = 8


@dataclass(frozen=True)
class DecisionView:
    """`trigger`: drift, lasting drift, monthly, upload, commit, by hand or rollback; `decision`: started or refused."""

    time: datetime
    trigger: str
    decision: str
    reason: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Guards:
    """Limits of the retrainings that the system starts by itself."""

    cool_down: timedelta
    runs_per_month: int
    minimum_rows: int


@dataclass(frozen=True)
class Allowance:
    """`cools_until` None: no cool-down runs. `started` is how many have started in this calendar month (UTC)."""

    cools_until: datetime | None
    started: int


def allowance(guards: Guards, decisions: Sequence[DecisionView], now: datetime) -> Allowance:
    """By the decisions of this month and of the cool-down. Those count that were given new data by the system itself. Pure."""
    begun = [one.time for one in decisions if one.decision == "started" and one.details.get("DataHash")]
    until = max(begun) + guards.cool_down if begun else None
    this_month = [at for at in begun if (at.year, at.month) == (now.year, now.month)]
    return Allowance(until if until and until > now else None, len(this_month))


class Retraining:
    """Of one project. Raises NotFound where its pipeline or its function is not there."""

    def __init__(self, connection: Connection, project: Project, documents: FinalDocuments | None = None):
        self._connection = connection
        self._project = project
        self._documents = documents or FinalDocuments()

    def decisions(self, limit: int, since: datetime | None = None) -> list[DecisionView]:
        """The newest first. With `since` older ones are not looked for, however many there are."""
        bucket, longest = self._bucket, datetime.now(UTC) - since.astimezone(UTC) if since else None
        return self._read(bucket, self._newest(bucket, "", limit, longest)[-limit:])

    def guards(self) -> Guards | None:
        """What the function is told to hold to; None where the pipeline has not made it yet. Raises ClientFailure."""
        name = f"{self._project.pipeline}-retrain"
        try:
            found = self._connection.client("lambda").get_function_configuration(FunctionName=name)
            told = found["Environment"]["Variables"]
            cool_down = timedelta(hours=float(told["COOL_DOWN_HOURS"]))
            return Guards(cool_down, int(told["RUNS_PER_MONTH"]), int(told["MINIMUM_ROWS"]))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise ClientFailure(f"{name}: {error.response['Error']['Message']}") from error
        except (KeyError, ValueError) as error:
            raise ClientFailure(f"the settings of {name} cannot be read: {error!r}") from error

    def page(self, before: str = "", size: int = 25) -> tuple[list[DecisionView], str]:
        """The newest before a record's key first; and the key that the next page is before, empty on the last."""
        bucket = self._bucket
        keys = self._newest(bucket, before, size + 1)
        taken = keys[-size:]
        return self._read(bucket, taken), taken[0].removeprefix(self._prefix) if len(keys) > size else ""

    @property
    def _prefix(self) -> str:
        return f"{self._project.pipeline}/{RECORDS}"

    def _read(self, bucket: str, keys: Sequence[str]) -> list[DecisionView]:
        """The last of the records first. They are final, but for whether somebody was told, which no view says."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            uris = [f"s3://{bucket}/{key}" for key in reversed(keys)]
            return list(pool.map(lambda uri: _decision(self._documents.read(self._connection, uri)), uris))

    def _newest(self, bucket: str, before: str, wanted: int, longest: timedelta | None = None) -> list[str]:
        """Keys of so many records before a key, or more, oldest first; none that is older than `longest`.

        S3 lists from the oldest on. So it is asked for the last days, and where these have too few, for all, if these are told in one
        answer; else for longer and longer spans of time, which records' keys begin with.
        """
        first, *longer = (*(span for span in SPANS if longest is None or span < longest), longest)
        keys, _ = self._keys_since(bucket, before, first)
        if len(keys) >= wanted or not longer:
            return keys
        keys, is_whole = self._keys_since(bucket, before, longest, pages=1)
        for span in () if is_whole else longer:
            keys, _ = self._keys_since(bucket, before, span)
            if len(keys) >= wanted:
                break
        return keys

    def _keys_since(
        self, bucket: str, before: str, span: timedelta | None, pages: int | None = None
    ) -> tuple[list[str], bool]:
        """Of the records of a span of time before a key, all before it without a span, oldest first; and whether `pages` were enough."""
        s3, prefix = self._connection.client("s3"), self._prefix
        request = {"Bucket": bucket, "Prefix": prefix}
        if span is not None:
            until = datetime.strptime(before[:STAMP_LENGTH], STAMP) if before else datetime.now(UTC)
            request["StartAfter"] = f"{prefix}{until - span:{STAMP}}"
        found: list[str] = []
        for number, page in enumerate(s3.get_paginator("list_objects_v2").paginate(**request), 1):
            keys = [item["Key"] for item in page.get("Contents", [])]
            found += [key for key in keys if not before or key < prefix + before]
            is_whole = not page["IsTruncated"] or bool(before and keys and keys[-1] >= prefix + before)
            if is_whole or number == pages:
                return found, is_whole
        return found, True

    def ask(self) -> str:
        """Have it decided as if the drift alarm had been raised; the endpoint whose requests count."""
        stack = Stack(self._connection, self._project.deployed_stack("prd"))
        if stack.status() is None:
            raise NotFound(f"there is no stack {stack.name}: production was never deployed")
        endpoint, function = stack.outputs()["EndpointName"], f"{self._project.pipeline}-retrain"
        event = {"Trigger": "by hand", "Endpoint": endpoint}
        try:
            self._connection.client("lambda").invoke(
                FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode()
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise NotFound(f"there is no function {function}: the next run of the pipeline makes it") from error
            raise ClientFailure(f"{function}: {error.response['Error']['Message']}") from error
        return endpoint

    @cached_property
    def _bucket(self) -> str:
        """For as long as a page is made."""
        return CodePipeline(self._connection, self._project.pipeline).bucket()


def _decision(content: dict[str, Any]) -> DecisionView:
    told = {name: content[name] for name in ("Time", "Trigger", "Decision", "Reason")}
    rest = {name: value for name, value in content.items() if name not in told and name != "Told" and value != ""}
    return DecisionView(datetime.fromisoformat(told["Time"]), told["Trigger"], told["Decision"], told["Reason"], rest)
