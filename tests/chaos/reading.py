"""Reads back, from an engine that is left in peace, what a chaos run has made of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

from mlsystem.engine.store.folder import DataFolder
from tests.chaos.engine import BentEngine
from tests.chaos.evidence import Evidence, Ran
from tests.chaos.invariants import TERMINAL, answered_requests_are_captured_once
from tests.chaos.workload import BUCKET
from tests.chaos.world import ENDPOINT, HOME, MACHINE
from tests.jobs import leftovers
from tests.live import eventually

GROUP = "/aws/sagemaker/ProcessingJobs"
ENDED = {"ABORTED", "TIMED_OUT", *TERMINAL}


class Reader:
    def __init__(self, live: BentEngine, seen: Evidence):
        self._live = live
        self._seen = seen

    def await_end(self) -> None:
        """Until executions have ended, the endpoint has settled, and nothing waits to be done."""
        sfn, sagemaker = self._live.hasty("stepfunctions"), self._live.hasty("sagemaker")

        def has_ended() -> bool:
            found = sfn.list_executions(stateMachineArn=MACHINE)["executions"]
            status = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"]
            return all(one["status"] in ENDED for one in found) and status in ("InService", "Failed")

        eventually(has_ended)

    def read(self) -> None:
        seen = self._seen
        seen.objects = self._objects(BUCKET)
        seen.executions = self._executions()
        found = self._live.hasty("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        seen.config, seen.status = found["EndpointConfigName"], found["EndpointStatus"]
        seen.failure = found.get("FailureReason", "")
        self._await_rest()

    def _await_rest(self) -> None:
        """What comes later than the ends: captures, and the clearing of folders. What never comes is for the invariants to tell."""
        seen = self._seen

        def is_at_rest() -> bool:
            seen.captured = self._captured()
            seen.leftovers = self._leftovers()
            return not seen.leftovers and not any(answered_requests_are_captured_once(seen)) and not self._outbox()

        try:
            eventually(is_at_rest, timeout=45)
        except AssertionError:
            seen.leftovers += self._outbox()

    def _objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        s3 = self._live.hasty("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def _captured(self) -> Counter[str]:
        bodies = self._objects(HOME, f"captured/{ENDPOINT}/").values()
        lines = [json.loads(line) for body in bodies for line in body.splitlines()]
        return Counter(str(line["captureData"]["endpointInput"]["data"]) for line in lines)

    def _leftovers(self) -> list[str]:
        """Of ended jobs, of uploads on their way in, of instances that nobody has."""
        folder = self._live.folder
        incoming = [path.name for path in DataFolder(folder).incoming.iterdir()]
        instances = [path.name for path in (folder / "work" / "instances").iterdir()]
        return [*leftovers(folder), *incoming, *(instances if len(instances) != 1 else [])]

    def _outbox(self) -> list[str]:
        path = DataFolder(self._live.folder).database
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return [
                f"still to be done: {row}" for row in database.execute("SELECT target, owner_key, attempts FROM outbox")
            ]

    # ------------------------------------------------------------------ executions
    def _executions(self) -> list[Ran]:
        listed = self._live.hasty("stepfunctions").list_executions(stateMachineArn=MACHINE)["executions"]
        return [self._execution(one["executionArn"]) for one in listed]

    def _execution(self, arn: str) -> Ran:
        sfn = self._live.hasty("stepfunctions")
        found = sfn.describe_execution(executionArn=arn)
        events = [event["type"] for event in self._history(arn)]
        first = next((place for place, kind in enumerate(events) if kind in TERMINAL.values()), len(events))
        name = found["name"]
        result = self._objects(HOME, f"results/{name}/result.txt")
        return Ran(
            name=name,
            status=found["status"],
            cause=f"{found.get('error', '')} {found.get('cause', '')}".strip(),
            job=self._job(name),
            last_events=tuple(events[first:]),
            lines=self._lines(name),
            result="".join(body.decode() for body in result.values()),
            wanted=str(2 * json.loads(found["input"])["value"]),
        )

    def _history(self, arn: str) -> list[dict[str, Any]]:
        pages = self._live.hasty("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def _job(self, name: str) -> str:
        listed = self._live.hasty("sagemaker").list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
        return "".join(one["ProcessingJobStatus"] for one in listed)

    def _lines(self, name: str) -> int:
        logs = self._live.hasty("logs")
        groups = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
        if not groups:
            return 0
        events = logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["events"]
        return len([event for event in events if "the program runs" in event["message"]])
