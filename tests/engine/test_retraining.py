"""What drift starts: captured requests and their labels become a new data set, once; or nothing, and a person is told why."""

from __future__ import annotations

import csv
import io
import json
import sys
import uuid
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.aws.clients import scripted
from tests.live import LiveEngine

sys.path.insert(0, str(Path(__file__).parents[2] / "project" / "retraining"))

from evidence import EvidenceError, Place
from new_training_set import Shares
from retrain import Clients, Retraining
from retraining_guards import Limits
from retraining_settings import Settings
from triggers import DRIFT, LASTING, MONTHLY, Trigger

ENDPOINT = "mls-flights-a-prd"
COLUMNS = ["size", "colour"]
SCHEMA = {"target": "late", "features": [{"name": name} for name in COLUMNS]}


class Mails:
    """A topic that remembers."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.is_down = False

    def publish(self, TopicArn: str, Subject: str, Message: str) -> None:
        if self.is_down:
            raise ConnectionError(TopicArn)
        self.subjects.append(Subject)


class Models:
    """What the endpoint serves."""

    def __init__(self, data: str) -> None:
        self._data = data

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        assert ModelName == ENDPOINT
        return {"PrimaryContainer": {"ModelDataUrl": self._data}}


class Runs:
    """The executions of a pipeline: (id, version of its data, status)."""

    def __init__(self) -> None:
        self.executions: list[tuple[str, str, str]] = []

    def get_paginator(self, operation: str) -> Runs:
        assert operation == "list_pipeline_executions"
        return self

    def paginate(self, pipelineName: str) -> list[dict[str, Any]]:
        sources = [[{"actionName": "DataSource", "revisionId": data}] for _, data, _ in self.executions]
        found = [
            {"pipelineExecutionId": run, "status": status, "sourceRevisions": source}
            for (run, _, status), source in zip(self.executions, sources, strict=True)
        ]
        return [{"pipelineExecutionSummaries": found}]


@dataclass
class Production:
    """Two buckets as a deployed system has them; requests are captured, and labels come."""

    engine: LiveEngine
    mails: Mails = field(default_factory=Mails)
    name: str = field(default_factory=lambda: f"loop-{uuid.uuid4().hex[:8]}")
    limits: Limits = field(default_factory=lambda: Limits(timedelta(hours=24), 4, 10))
    shares: Shares = field(default_factory=lambda: Shares(0.2, 1.0, 1000))
    may_repeat_monthly: bool = True
    codepipeline: Any = field(default_factory=Runs)

    def __post_init__(self) -> None:
        self.s3 = self.engine.client("s3")
        self.data = f"{self.name}-data"
        for bucket in (self.name, self.data):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self._put(self.name, "p/runs/job/data/train/schema.json", json.dumps(SCHEMA))
        for name in ("train", "test"):
            self._put(self.data, f"first/{name}.csv", "colour,size,late\nred,1,0\nblue,2,1\n")
        self.upload()

    def _put(self, bucket: str, key: str, text: str | bytes) -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=text.encode() if isinstance(text, str) else text)

    def upload(self) -> None:
        """A person uploads data-source.zip."""
        stream = io.BytesIO()
        uris = {"TrainingUri": f"s3://{self.data}/first/train.csv", "TestUri": f"s3://{self.data}/first/test.csv"}
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in (
                ("inputData.json", uris),
                ("hyperparameters.json", {"depth": "3"}),
                ("imageDetail.json", {}),
            ):
                archive.writestr(name, json.dumps(content))
        self._put(self.name, "p/data-source.zip", stream.getvalue())

    def source(self) -> dict[str, Any]:
        answer = self.s3.get_object(Bucket=self.name, Key="p/data-source.zip")
        with zipfile.ZipFile(io.BytesIO(answer["Body"].read())) as archive:
            return {name: json.loads(archive.read(name)) for name in archive.namelist()}

    def versions(self) -> int:
        return len(self.s3.list_object_versions(Bucket=self.name, Prefix="p/data-source.zip")["Versions"])

    def ask(self, count: int, begin: int = 0, **metadata: str) -> None:
        """Requests of one row each, captured as SageMaker does; every second one had an inference id of its own."""
        lines = []
        for number in range(begin, begin + count):
            given = {"mode": "INPUT", "data": f"{number},red\n", "encoding": "CSV"}
            ids = {"inferenceId": f"i-{number}"} if number % 2 else {}
            event = {"eventId": f"e-{number}", **ids, **metadata}
            lines.append(json.dumps({"captureData": {"endpointInput": given}, "eventMetadata": event}))
        hour = datetime.now(UTC).strftime("%Y/%m/%d/%H")
        self._put(self.name, f"p/capture/{ENDPOINT}/AllTraffic/{hour}/{begin}-{uuid.uuid4()}.jsonl", "\n".join(lines))

    def label(self, *numbers: int) -> None:
        lines = []
        for number in numbers:
            truth = {"data": str(number % 2), "encoding": "CSV"}
            event = {"eventId": f"i-{number}" if number % 2 else f"e-{number}"}
            lines.append(json.dumps({"groundTruthData": truth, "eventMetadata": event, "eventVersion": "0"}))
        self._put(self.data, f"ground-truth/2026/{uuid.uuid4()}.jsonl", "\n".join(lines))

    def retraining(self) -> Retraining:
        models: Any = Models(f"s3://{self.name}/p/runs/job/output/model.tar.gz")
        mails: Any = self.mails
        settings = Settings(
            pipeline="mls-demo",
            artifacts=Place(self.name, "p"),
            data=Place(self.data, "retraining/p"),
            ground_truth=Place(self.data, "ground-truth/"),
            topic="arn:aws:sns:us-east-1:000000000000:t",
            limits=self.limits,
            shares=self.shares,
            window=timedelta(hours=2),
            may_repeat_monthly=self.may_repeat_monthly,
        )
        return Retraining(Clients(self.s3, models, self.codepipeline, mails), settings)

    def drift(self, event: str = "", hours: float = 0, kind: str = DRIFT) -> dict[str, Any]:
        trigger = Trigger(kind, event or str(uuid.uuid4()), datetime.now(UTC) + timedelta(hours=hours), ENDPOINT)
        return self.retraining().decide(trigger)

    def rows(self, uri: str) -> list[dict[str, str]]:
        place = Place.of(uri)
        keys = [item["Key"] for item in self.s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key)["Contents"]]
        texts = [self.s3.get_object(Bucket=place.bucket, Key=key)["Body"].read().decode() for key in keys]
        return [row for text in texts for row in csv.DictReader(io.StringIO(text))]


@pytest.fixture
def production(engine: LiveEngine) -> Production:
    return Production(engine)


def test_labelled_requests_become_training_and_test_data_beside_the_older_ones_and_start_the_pipeline(
    production: Production,
) -> None:
    production.ask(100)
    production.label(*range(60))
    decision = production.drift("event-1")
    assert (decision["Decision"], decision["Captured"], decision["Rows"]) == ("started", 100, 60)
    source = production.source()
    assert source["hyperparameters.json"] == {"depth": "3"}
    uris = source["inputData.json"]
    train, test = production.rows(uris["TrainingUri"]), production.rows(uris["TestUri"])
    kept = [{"colour": "red", "size": "1", "late": "0"}, {"colour": "blue", "size": "2", "late": "1"}]
    assert [row in train and row in test for row in kept] == [True, True]
    new = [row for row in (*train, *test) if row not in kept or int(row["size"]) > 2]
    assert {int(row["size"]) for row in new} >= set(range(3, 60))
    assert all(row["late"] == str(int(row["size"]) % 2) for row in new)
    assert len(train) + len(test) == 60 + 4 and len(test) == decision["TestRows"] + 2 > 2
    assert len(production.rows(uris["BaselineUri"])) == 60
    head = production.s3.head_object(Bucket=production.name, Key="p/data-source.zip")
    assert (head["VersionId"], head["Metadata"]["retraining-event"]) == (decision["DataVersionId"], "event-1")
    [subject] = production.mails.subjects
    assert subject.startswith("mls-demo: retraining started (drift): 60 labelled rows")


def test_without_labels_it_refuses_says_what_it_looked_for_and_changes_nothing(production: Production) -> None:
    production.ask(30)
    production.label(1, 2, 3)
    decision = production.drift()
    assert decision["Decision"] == "refused"
    assert "labels missing: 3 labelled rows, and minimum_rows is 10. 30 requests were captured" in decision["Reason"]
    assert f"3 labels of that time were found at s3://{production.data}/ground-truth/" in decision["Reason"]
    assert production.versions() == 1
    assert production.mails.subjects[0].startswith("mls-demo: retraining refused (drift): labels missing: 3")


def test_drift_that_lasts_is_decided_again_and_only_what_is_new_is_mailed(production: Production) -> None:
    production.ask(30)
    production.label(1, 2, 3)
    assert production.drift()["Decision"] == "refused"
    for hours in (24, 48):
        again = production.drift(hours=hours, kind=LASTING)
        assert (again["Trigger"], again["Decision"]) == ("lasting drift", "refused")
    assert len(production.mails.subjects) == 1, "a refusal that was told of is no news"
    production.label(*range(4, 30))
    assert production.drift(hours=0.5, kind=LASTING)["Decision"] == "started"
    assert production.drift(hours=1, kind=LASTING)["Reason"].startswith("cool-down: ")
    told = [subject.removeprefix("mls-demo: retraining ") for subject in production.mails.subjects]
    assert [words[: words.index(":")] for words in told] == [
        "refused (drift)",
        "started (lasting drift)",
        "refused (lasting drift)",
    ]
    assert len(production.s3.list_objects_v2(Bucket=production.name, Prefix="p/retraining/decisions/")["Contents"]) == 5


def test_an_event_that_comes_twice_is_decided_recorded_and_mailed_once(production: Production) -> None:
    production.ask(30)
    production.label(*range(30))
    trigger = Trigger("drift", "event-1", datetime.now(UTC), ENDPOINT)
    first = production.retraining().decide(trigger)
    assert production.retraining().decide(trigger) == first
    assert (production.versions(), len(production.mails.subjects)) == (2, 1)
    listed = production.s3.list_objects_v2(Bucket=production.name, Prefix="p/retraining/decisions/")["Contents"]
    assert len(listed) == 1 and listed[0]["Key"].endswith("-event-1.json")


def test_what_dies_after_the_upload_is_finished_by_the_next_delivery_and_starts_nothing_twice(
    production: Production,
) -> None:
    production.ask(30)
    production.label(*range(30))
    trigger = Trigger("drift", "event-1", datetime.now(UTC), ENDPOINT)
    first = production.retraining().decide(trigger)
    [kept] = production.s3.list_objects_v2(Bucket=production.name, Prefix="p/retraining/decisions/")["Contents"]
    production.s3.delete_object(Bucket=production.name, Key=kept["Key"])
    again = production.retraining().decide(trigger)
    assert again == first and production.versions() == 2


def test_who_could_not_be_told_is_told_by_the_next_delivery(production: Production) -> None:
    production.mails.is_down = True
    trigger = Trigger("drift", "event-1", datetime.now(UTC), ENDPOINT)
    with pytest.raises(ConnectionError):
        production.retraining().decide(trigger)
    production.mails.is_down = False
    assert production.retraining().decide(trigger)["Decision"] == "refused"
    assert len(production.mails.subjects) == 1


def test_the_same_data_is_refused_after_the_cool_down_and_new_labels_are_not(production: Production) -> None:
    production.limits = replace(production.limits, cool_down=timedelta(0))
    production.ask(40)
    production.label(*range(20))
    assert production.drift("event-1")["Decision"] == "started"
    decision = production.drift("event-2")
    assert decision["Decision"] == "refused"
    assert decision["Reason"].startswith("same data: ") and decision["Reason"].endswith("event event-1 was given")
    production.label(*range(20, 40))
    third = production.drift("event-3")
    assert (third["Decision"], third["Rows"]) == ("started", 40)
    # It begins with what the person has given, and so holds no row twice.
    assert len(production.rows(third["DataUri"] + "/train")) + len(production.rows(third["DataUri"] + "/test")) == 44


def test_within_the_cool_down_and_beyond_the_budget_nothing_is_read(production: Production) -> None:
    production.ask(20)
    production.label(*range(20))
    assert production.drift()["Decision"] == "started"
    assert production.drift()["Reason"].startswith("cool-down: ")
    production.limits = Limits(timedelta(0), 1, 10)
    assert production.drift()["Reason"].startswith("budget: 1 retrainings have started this month")


def test_while_a_person_has_to_decide_on_what_drift_trained_it_trains_no_other_one(production: Production) -> None:
    production.limits = replace(production.limits, cool_down=timedelta(0))
    production.ask(40)
    production.label(*range(20))
    version = production.drift("event-1")["DataVersionId"]
    production.label(*range(20, 40))
    runs = production.codepipeline.executions
    runs[:] = [("x-2", version, "InProgress"), ("x-1", "of-a-person", "InProgress")]
    refused = production.drift("event-2")
    assert refused["Reason"].startswith(
        "under way: execution x-2 trains on the data of the retraining of event event-1"
    )
    assert production.versions() == 2
    again = production.drift("event-3", hours=24, kind=LASTING)
    assert (again["Decision"], again["Told"]) == ("refused", True), "a day later it is no news"
    runs[0] = ("x-2", version, "Failed")
    assert (production.drift("event-4")["Decision"], production.versions()) == ("started", 3)


def test_requests_of_checks_are_nobodys_and_rows_of_another_width_are_counted(production: Production) -> None:
    production.ask(5, 100, inferenceId="check-1")
    production.ask(20)
    broken = {
        "captureData": {"endpointInput": {"data": "1,2,3\n", "encoding": "CSV"}},
        "eventMetadata": {"eventId": "e-0"},
    }
    hour = datetime.now(UTC).strftime("%Y/%m/%d/%H")
    key = f"p/capture/{ENDPOINT}/AllTraffic/{hour}/broken.jsonl"
    production.s3.put_object(Bucket=production.name, Key=key, Body=f"{json.dumps(broken)}\nnonsense\n".encode())
    production.label(0)
    decision = production.drift()
    assert decision["Captured"] == 21
    assert "2 lines or rows could not be read" in decision["Reason"]


def test_a_share_of_the_older_rows_or_none_may_stay(production: Production) -> None:
    rows = "".join(f"red,{number},1\n" for number in range(1000))
    for name in ("train", "test"):
        body = f"colour,size,late\n{rows}".encode()
        production.s3.put_object(Bucket=production.data, Key=f"first/{name}.csv", Body=body)
    production.limits = replace(production.limits, cool_down=timedelta(0))
    production.ask(20)
    production.label(*range(20))
    production.shares = replace(production.shares, keep=0.3)
    some = production.drift()
    assert 200 < len(production.rows(f"{some['DataUri']}/train")) < 400
    production.shares = replace(production.shares, keep=0)
    none = production.drift()
    assert len(production.rows(f"{none['DataUri']}/train")) + len(production.rows(f"{none['DataUri']}/test")) == 20


def test_a_source_that_cannot_be_read_is_an_error_and_no_decision(production: Production) -> None:
    production.ask(20)
    production.label(*range(20))
    production.s3.put_object(Bucket=production.name, Key="p/data-source.zip", Body=b"no archive")
    with pytest.raises(EvidenceError, match=r"data-source.zip: is no ZIP file"):
        production.drift()
    assert production.mails.subjects == []


def test_a_monthly_run_trains_on_what_is_there_unless_the_settings_refuse_data_that_was_trained_on(
    production: Production,
) -> None:
    version = production.s3.head_object(Bucket=production.name, Key="p/data-source.zip")["VersionId"]
    trigger = Trigger(MONTHLY, "month-1", datetime.now(UTC))
    with scripted("codepipeline") as codepipeline:
        production.codepipeline = codepipeline.client
        asked = {"name": "mls-demo", "clientRequestToken": "month-1"}
        codepipeline.answers("start_pipeline_execution", {"pipelineExecutionId": "x-1"}, asked)
        started = production.retraining().decide(trigger)
        assert (started["Decision"], started["PipelineExecutionId"]) == ("started", "x-1")
        assert production.retraining().decide(trigger) == started
    production.may_repeat_monthly = False
    with scripted("codepipeline") as codepipeline:
        production.codepipeline = codepipeline.client
        done: dict[str, Any] = {"pipelineExecutionId": "x-0", "status": "Succeeded"}
        done["sourceRevisions"] = [{"actionName": "DataSource", "revisionId": version}]
        codepipeline.answers("list_pipeline_executions", {"pipelineExecutionSummaries": [done]})
        refused = production.retraining().decide(replace(trigger, id="month-2"))
    assert refused["Reason"] == f"same data: version {version} of data-source.zip has been trained on by execution x-0"


def test_each_start_of_the_pipeline_is_recorded_with_its_cause_and_told_unless_it_was(production: Production) -> None:
    def starts(execution: str, kind: str, detail: str) -> Any:
        trigger = {"trigger-type": kind, "trigger-detail": detail}
        detail_of = {"execution-id": execution, "execution-trigger": trigger}
        event = {"source": "aws.codepipeline", "time": "2026-11-24T09:00:00Z", "detail": detail_of}
        return production.retraining().note(event)

    uploaded = "arn:aws:events:us-east-1:000000000000:rule/mls-demo-data"
    assert starts("x-1", "CloudWatchEvent", uploaded)["Trigger"] == "upload"
    assert starts("x-1", "CloudWatchEvent", uploaded)["Trigger"] == "upload"
    assert starts("x-2", "CloudWatchEvent", uploaded.replace("-data", "-commit"))["Trigger"] == "commit"
    assert starts("x-3", "StartPipelineExecution", "arn:aws:sts::0:assumed-role/mls-demo-retrain-r/s") is None
    assert [subject.partition(":")[0] for subject in production.mails.subjects] == ["mls-demo"] * 2
    production.ask(20)
    production.label(*range(20))
    production.drift("event-1")
    noted = starts("x-4", "CloudWatchEvent", uploaded)
    assert (noted["CausedBy"], noted["PipelineExecutionId"]) == ("event-1", "x-4")
    assert len(production.mails.subjects) == 3
