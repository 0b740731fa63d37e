"""Runs are told of from a bounded number of questions, and one whose evaluation is missing hides no other."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import NotFound
from mlsystem.client.experiments import Experiments, numbers_of
from mlsystem.client.project import Project
from mlsystem.client.stored_file import FinalDocuments

AT = datetime(2026, 1, 1, tzinfo=UTC)
PROJECT = Project(Path(), {"project": {"prefix": "mls", "name": "demo"}})
IDS = ("5a24375d-c5e7-55d5-8479-3ae0b85fe90e", "1d9fa0f6-e758-5e91-bd08-19ede9dc428c")
JOBS = (("Training-Job", "", "training-job"), ("Model-Evaluation-Job", "-eval", "processing-job"))


class Studio:
    """SageMaker with two runs, and S3 with the evaluation of the first."""

    target, home = "local", Path()

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.read: list[str] = []

    def client(self, _service: str) -> Studio:
        return self

    def search(self, Resource: str, SearchExpression: dict[str, Any], **_: object) -> dict[str, Any]:
        self.asked.append(Resource)
        if Resource == "ExperimentTrial":
            return {
                "Results": [{"Trial": self._trial(one)} for one in IDS],
                "TotalHits": {"Value": 9},
                "NextToken": "t",
            }
        assert len(SearchExpression["Filters"]) <= 20  # SageMaker takes no more
        return {"Results": [{"TrialComponent": self._job(one, *job)} for one in IDS for job in JOBS]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if IDS[0] not in Key:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no"}}, "GetObject")
        self.read.append(Key)
        assert (Bucket, Key) == ("b", f"runs/{IDS[0]}/evaluation/eval.json")
        content = json.dumps({"m": {"auc": {"value": 0.9}}}).encode()
        return {"Body": io.BytesIO(content), "ContentLength": len(content)}

    def _trial(self, one: str) -> dict[str, Any]:
        tags = [{"Key": "GitCommitHash", "Value": "c0ffee"}, {"Key": "DataVersionId", "Value": "v1"}]
        return {"TrialName": f"mls-demo-{one}", "CreationTime": AT, "Tags": tags}

    def _job(self, one: str, step: str, suffix: str, kind: str) -> dict[str, Any]:
        name = f"run-{one}{suffix}"
        return {
            "TrialComponentName": name,
            "DisplayName": step,
            "Source": {"SourceArn": f"arn:aws:sagemaker:r:1:{kind}/{name}"},
            "Status": {"PrimaryStatus": "Completed"},
            "StartTime": AT + timedelta(minutes=len(suffix)),
            "EndTime": AT + timedelta(minutes=len(suffix) + 1),
            "Parameters": {"rate": {"NumberValue": 0.1}, "SageMaker.InstanceType": {"StringValue": "ml.m5.large"}},
            "OutputArtifacts": {"evaluation": {"Value": f"s3://b/runs/{one}/evaluation"}} if suffix else {},
            "Parents": [{"TrialName": f"mls-demo-{one}", "ExperimentName": "mls-demo"}],
        }


def test_a_run_is_told_by_its_trial_its_jobs_and_its_evaluation() -> None:
    studio = Studio()
    found = Experiments(cast(Connection, studio), PROJECT).page()
    first, second = found.runs
    assert (found.total, found.token) == (9, "t")
    assert studio.asked == ["ExperimentTrial", "ExperimentTrialComponent"]
    assert (first.commit, first.data_version, first.status) == ("c0ffee", "v1", "Completed")
    assert (first.pipeline_execution, first.execution) == (IDS[0], f"run-{IDS[0]}")
    assert [job.step for job in first.jobs] == ["Training-Job", "Model-Evaluation-Job"]
    assert [job.kind for job in first.jobs] == ["TrainingJobs", "ProcessingJobs"]
    assert first.parameters == {"rate": "0.1"}
    assert first.metrics == {"auc": 0.9}
    assert second.metrics == {}
    assert first.duration == timedelta(minutes=6)


def test_an_evaluation_is_read_once_however_often_its_run_is_shown() -> None:
    studio = Studio()
    documents = FinalDocuments()
    for _ in range(2):
        assert Experiments(cast(Connection, studio), PROJECT, documents).page().runs[0].metrics == {"auc": 0.9}
    assert studio.read == [f"runs/{IDS[0]}/evaluation/eval.json"]


def test_runs_are_compared_in_the_order_in_which_they_were_chosen() -> None:
    names = [f"mls-demo-{one}" for one in reversed(IDS)]
    assert [run.trial for run in Experiments(cast(Connection, Studio()), PROJECT).named(names)] == names


def test_a_run_of_another_project_is_not_found() -> None:
    with pytest.raises(NotFound, match="mls-other-1"):
        Experiments(cast(Connection, Studio()), PROJECT).named(["mls-other-1"])


def test_metrics_are_the_single_numbers_of_an_evaluation() -> None:
    evaluation = {
        "version": 0.0,
        "dataset": {"item_count": 3, "evaluation_time": "now"},
        "binary_classification_metrics": {
            "confusion_matrix": {"0": {"0": 1}},
            "auc": {"value": 0.9, "standard_deviation": 0.1},
            "auc_best_constant_classifier": {"value": 0.5},
            "f1": {"value": "NaN"},
        },
    }
    assert dict(numbers_of(evaluation)) == {"auc": 0.9}
