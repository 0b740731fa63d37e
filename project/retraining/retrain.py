"""Retrain: whether the system trains anew by itself, and on what. Each decision is recorded and mailed, a refusal with its reason.

When the drift alarm is raised (or is still raised a day later, or a person asks), captured requests of the endpoint are joined with the
ground truth that has come since, into a new data set; data-source.zip is uploaded anew with it, and that starts the pipeline, as a
person's upload does: so the version of the upload leads from a model to the rows that it has learned from. The monthly run starts the
pipeline on the data that is there. Other starts (commit, upload, by hand) are none of its decisions, and are recorded as they come.

It may be killed at any point and called again with the same event: data lies under the hash of its content, the upload bears the event's
id, and an event that has its decision gets no other one.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from evidence import Place, read_json, stored
from gathered_rows import Production, gather
from new_training_set import Base, NewRows, digest_of, upload
from raised_alarm import endpoint_in_alarm
from retraining_decisions import REFUSED, STARTED, Decision, Decisions
from retraining_guards import (
    kind_of,
    refused_as_same,
    refused_as_same_version,
    refused_as_under_way,
    refused_by_time,
    refused_for_labels,
)
from retraining_message import decision_message
from retraining_settings import Settings
from triggers import LASTING, MONTHLY, UPLOAD, Trigger, cause_of, read_time, read_trigger
from uploaded_source import UploadedSource, event_of_upload

if TYPE_CHECKING:
    from types_boto3_codepipeline import CodePipelineClient
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sns import SNSClient

DATA_ACTION = "DataSource"
LONGEST_WAIT = timedelta(days=8)  # CodePipeline gives a person seven days to approve

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clients:
    s3: S3Client
    sagemaker: SageMakerClient
    codepipeline: CodePipelineClient
    sns: SNSClient


class Retraining:
    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._clients = clients
        self._settings = settings
        self._decisions = Decisions(clients.s3, settings.artifacts / "retraining" / "decisions")

    def decide(self, trigger: Trigger) -> Decision:
        """Once for an event. Raises EvidenceError where something that the decision needs cannot be read."""
        decision = self._decisions.of(trigger)
        if decision is None:
            found = self._monthly(trigger) if trigger.kind == MONTHLY else self._on_new_data(trigger)
            decision = self._decisions.keep(trigger, {**found, "Told": self._is_known(trigger, found)})
        log.info("decision %s", decision)
        return self._decisions.tell(trigger, decision, self._mail)

    def _is_known(self, trigger: Trigger, found: Decision) -> bool:
        """Whether the refusal says what a person was told when the drift was last decided on: a day later it is no news."""
        if trigger.kind != LASTING or found["Decision"] != REFUSED:
            return False
        before = self._decisions.before(trigger)
        return before is not None and before["Decision"] == REFUSED and kind_of(before) == kind_of(found)

    def note(self, event: Mapping[str, Any]) -> Decision | None:
        """Of an execution that has started. None for one that this function has started itself."""
        detail = event["detail"]
        cause = detail.get("execution-trigger", {})
        # What it starts itself, in its own role, it has told of already.
        if f"/{self._settings.pipeline}-retrain-" in cause.get("trigger-detail", ""):
            return None
        trigger = Trigger(cause_of(cause), detail["execution-id"], read_time(event["time"]))
        by = event_of_upload(self._clients.s3, self._source_place) if trigger.kind == UPLOAD else ""
        words = (
            f"the new data of event {by} was uploaded" if by else cause.get("trigger-detail") or "no detail is given"
        )
        started = {
            "Decision": STARTED,
            "Reason": words,
            "PipelineExecutionId": trigger.id,
            "CausedBy": by,
            "Told": bool(by),
        }
        decision = self._decisions.of(trigger) or self._decisions.keep(trigger, started)
        return self._decisions.tell(trigger, decision, self._mail)

    # ------------------------------------------------------------------ the month
    def _monthly(self, trigger: Trigger) -> Decision:
        pipeline, codepipeline = self._settings.pipeline, self._clients.codepipeline
        if not self._settings.may_repeat_monthly:
            version = self._source().version
            refusal = refused_as_same_version(version, self._trained_on(version))
            if refusal:
                return {"Decision": REFUSED, "Reason": refusal, "DataVersionId": version}
        started = codepipeline.start_pipeline_execution(name=pipeline, clientRequestToken=trigger.id)
        words = "the monthly run, on the data that is there"
        return {"Decision": STARTED, "Reason": words, "PipelineExecutionId": started["pipelineExecutionId"]}

    def _trained_on(self, version: str) -> str | None:
        """The execution that has succeeded with this version of the data."""
        return next((run for run, data, status in self._executions() if (data, status) == (version, "Succeeded")), None)

    def _executions(self) -> Iterator[tuple[str, str | None, str]]:
        """Of each its id, the version of its data, and its status; the newest first."""
        pages = self._clients.codepipeline.get_paginator("list_pipeline_executions")
        for page in pages.paginate(pipelineName=self._settings.pipeline):
            for one in page["pipelineExecutionSummaries"]:
                given = {item["actionName"]: item.get("revisionId") for item in one.get("sourceRevisions", [])}
                yield one["pipelineExecutionId"], given.get(DATA_ACTION), one["status"]

    # ------------------------------------------------------------------ drift
    def _on_new_data(self, trigger: Trigger) -> Decision:
        month = trigger.time.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        limits = self._settings.limits
        before = self._decisions.retrainings_since(min(month, trigger.time - max(limits.cool_down, LONGEST_WAIT)))
        times = [read_time(one["Time"]) for one in before]
        refusal = refused_by_time(limits, trigger.time, times) or self._under_way(before)
        if refusal:
            return {"Decision": REFUSED, "Reason": refusal}
        with tempfile.TemporaryDirectory() as scratch:
            production = Production.read(self._clients.sagemaker, self._clients.s3, trigger.endpoint)
            found, new = gather(self._clients.s3, self._settings, production, trigger.time, Path(scratch))
            counts = {"Captured": found.captured, "Labels": found.labels, "Rows": new.rows, "TestRows": new.test_rows}
            refusal = refused_for_labels(limits, found)
            if refusal:
                return {"Decision": REFUSED, "Reason": refusal, **counts}
            return {**self._on_rows(trigger, new), **counts}

    def _under_way(self, retrainings: Sequence[Decision]) -> str | None:
        """Why the pipeline is not through with what one of these gave it; None if it is."""
        events = {one["DataVersionId"]: one["Id"] for one in retrainings}
        running = self._executions() if events else ()
        return next(
            (
                refused_as_under_way(events[data], execution)
                for execution, data, status in running
                if data in events and status == "InProgress"
            ),
            None,
        )

    def _on_rows(self, trigger: Trigger, new: NewRows) -> Decision:
        s3, shares, source = self._clients.s3, self._settings.shares, self._source()
        base = Base.find(s3, *source.base(trigger.endpoint))
        digest = digest_of(new, base, shares)
        refusal = refused_as_same(digest, self._trained_by(digest, trigger))
        if refusal:
            return {"Decision": REFUSED, "Reason": refusal, "SameData": digest}
        target = self._settings.data / digest
        uris = upload(s3, new, base, shares, target)
        version = source.replace_data(s3, uris, trigger.id, trigger.endpoint)
        mark = self._mark(digest)
        s3.put_object(Bucket=mark.bucket, Key=mark.key, Body=json.dumps({"Id": trigger.id}).encode())
        words = f"{new.rows} labelled rows of production, {new.test_rows} of them for the test; their upload starts the pipeline"
        return {
            "Decision": STARTED,
            "Reason": words,
            "DataHash": digest,
            "DataUri": str(target),
            "DataVersionId": version,
        }

    def _trained_by(self, digest: str, trigger: Trigger) -> str | None:
        mark = self._mark(digest)
        if not [one for one in stored(self._clients.s3, mark) if one.key == mark.key]:
            return None
        event = str(read_json(self._clients.s3, mark)["Id"])
        return None if event == trigger.id else event

    def _mark(self, digest: str) -> Place:
        return self._settings.artifacts / "retraining" / "trained" / f"{digest}.json"

    def _source(self) -> UploadedSource:
        return UploadedSource.read(self._clients.s3, self._source_place)

    @property
    def _source_place(self) -> Place:
        return self._settings.artifacts / "data-source.zip"

    def _mail(self, decision: Decision) -> None:
        subject, text = decision_message(self._settings.pipeline, decision)
        self._clients.sns.publish(TopicArn=self._settings.topic, Subject=subject, Message=text)


def handler(event: dict[str, Any], context: Any) -> Decision | None:
    """Lambda's entry point: an event of CloudWatch, of CodePipeline or of the schedules, or {"Trigger": "by hand", "Endpoint": ...}."""
    clients = Clients(boto3.client("s3"), boto3.client("sagemaker"), boto3.client("codepipeline"), boto3.client("sns"))
    settings = Settings.read(os.environ)
    retraining = Retraining(clients, settings)
    if event.get("source") == "aws.codepipeline":
        return retraining.note(event)
    if event.get("Trigger") == LASTING:
        endpoint = endpoint_in_alarm(boto3.client("cloudwatch"), settings.pipeline)
        if endpoint is None:
            return None
        event = {**event, "Endpoint": endpoint}
    return retraining.decide(read_trigger(event, context.aws_request_id, datetime.now(UTC)))
