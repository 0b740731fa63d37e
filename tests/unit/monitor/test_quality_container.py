"""A model's quality in the processing container: real processes, as the original's two containers were started."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlsystem.monitor.container import run_container
from tests.unit.monitor.ground_truth.made import capture, truth, write_lines

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
HOUR = "flights-prd/AllTraffic/2026/11/24/01"
MERGED = '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}'


class RecordingPublisher:
    """Stands for CloudWatch."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Sequence[MetricDatumTypeDef]]] = []

    def publish(self, namespace: str, data: "Sequence[MetricDatumTypeDef]") -> None:
        self.sent.append((namespace, data))


class Containers:
    """/opt/ml of a baseline job, a merge job and a monitoring job for a regression, in temporary folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.publisher = RecordingPublisher()
        rows = [f"{i % 50},{i % 50 + (i % 7) - 3}" for i in range(1000)]
        write_lines(folder / "validation" / "baseline.csv", ["label,prediction", *rows])
        for hour, wrong in [(HOUR, 3), ("flights-prd/AllTraffic/2026/11/24/00", 3)]:
            lines = [capture(f"{hour[-2:]}-{i}", f"{i % 50 + i % 7 - wrong}\n") for i in range(500)]
            write_lines(folder / "input" / hour / "00-00-000-1.jsonl", lines)
        truths = [truth(f"{hour}-{i}", f"{i % 50}") for hour in ("00", "01") for i in range(500)]
        write_lines(folder / "groundtruth" / "2026/11/24/02" / "labels.jsonl", truths)

    def baseline(self) -> dict[str, str]:
        return self._job(
            "baseline-job",
            dataset_format='{"csv": {"header": true, "output_columns_position": "START"}}',
            dataset_source=str(self.folder / "validation"),
            ground_truth_attribute="label",
            inference_attribute="prediction",
            publish_cloudwatch_metrics="Disabled",
        )

    def merging(self) -> dict[str, str]:
        environment = self._job(
            "merge-job",
            dataset_source=str(self.folder / "input"),
            ground_truth_source=str(self.folder / "groundtruth"),
        )
        return {name: value for name, value in environment.items() if name not in ("analysis_type", "problem_type")}

    def monitoring(self, **changes: str) -> dict[str, str]:
        given = {
            "baseline_constraints": str(self.folder / "baseline-job" / "output" / "reports" / "constraints.json"),
            "dataset_format": MERGED,
            "dataset_source": str(self.folder / "merge-job" / "output" / "reports"),
            "start_time": "2026-11-24T01:00:00Z",
            "end_time": "2026-11-24T02:00:00Z",
            "inference_attribute": "0",
            "sagemaker_endpoint_name": "flights-prd",
            "sagemaker_monitoring_schedule_name": "flights-quality",
        }
        return self._job("monitoring-job", **(given | changes))

    def _job(self, name: str, **environment: str) -> dict[str, str]:
        return {
            "SAGEMAKER_BASE_DIR": str(self.folder / name),
            "analysis_type": "MODEL_QUALITY",
            "problem_type": "Regression",
            "output_path": str(self.folder / name / "output" / "reports"),
            **environment,
        }

    def run(self, environment: dict[str, str]) -> tuple[int, str]:
        return run_container(environment, lambda: self.publisher, lambda: NOW)


def process(environment: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mlsystem.monitor"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def containers(tmp_path: Path) -> Containers:
    return Containers(tmp_path)


NO_VIOLATIONS = "Completed: Job completed successfully with no violations."


def test_a_baseline_a_merge_and_a_monitoring_job_as_processes(containers: Containers) -> None:
    assert process(containers.baseline()) == (0, NO_VIOLATIONS + "\n", "")
    assert process(containers.merging()) == (0, NO_VIOLATIONS + "\n", "")
    assert (containers.folder / "merge-job/output/reports" / HOUR / "00-00-000-1.jsonl").exists()
    code, told, error = process(containers.monitoring())
    job = containers.folder / "monitoring-job" / "output"
    assert (code, error, told) == (0, "", (job / "message").read_text() + "\n")
    assert sorted(path.name for path in (job / "reports").iterdir()) == [
        "constraint_violations.json",
        "constraints.json",
        "quality.json",
        "statistics.json",
    ]
    statistics = json.loads((job / "reports" / "statistics.json").read_text())
    assert statistics["dataset"]["item_count"] == 1000
    assert set(statistics["regression_metrics"]) == {"mae", "mse", "rmse", "r2"}
    metrics = [
        json.loads(line) for line in (job / "metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    ]
    assert [metric["MetricName"] for metric in metrics] == ["mae", "mse", "rmse", "r2"]
    assert metrics[0]["Value"] == statistics["regression_metrics"]["mae"]["value"]
    assert metrics[0]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "flights-prd"},
        {"Name": "MonitoringSchedule", "Value": "flights-quality"},
    ]


def test_one_job_may_merge_and_judge(containers: Containers) -> None:
    assert containers.run(containers.baseline())[0] == 0
    job = containers.monitoring(
        dataset_format='{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}',
        dataset_source=str(containers.folder / "input"),
        ground_truth_source=str(containers.folder / "groundtruth"),
    )
    code, _ = containers.run(job)
    assert code == 0
    document = json.loads((Path(job["output_path"]) / "quality.json").read_text())
    assert (document["merge"]["merged"], document["verdict"]) == (1000, "not worse")


def test_metrics_go_to_the_namespace_of_model_metrics(containers: Containers) -> None:
    assert containers.run(containers.baseline())[0] == containers.run(containers.merging())[0] == 0
    assert containers.publisher.sent == []
    assert containers.run(containers.monitoring(publish_cloudwatch_metrics="Enabled"))[0] == 0
    without = containers.monitoring(publish_cloudwatch_metrics="Enabled", sagemaker_endpoint_name="")
    assert containers.run(without)[0] == 0
    assert [namespace for namespace, _ in containers.publisher.sent] == [
        "aws/sagemaker/Endpoints/model-metrics",
        "aws/sagemaker/ModelMonitoring/model-metrics",
    ]


def test_the_data_quality_of_merged_records_can_be_checked_too(containers: Containers) -> None:
    assert containers.run(containers.merging())[0] == 0
    job = containers.monitoring(analysis_type="DATA_QUALITY", baseline_constraints="")
    assert containers.run(job)[0] == 0
    statistics = json.loads((Path(job["output_path"]) / "statistics.json").read_text())
    assert [feature["name"] for feature in statistics["features"]] == ["_c0"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"analysis_type": "MODEL_BIAS"}, "analysis_type is 'MODEL_BIAS'; allowed: DATA_QUALITY, MODEL_QUALITY"),
        ({"problem_type": ""}, "The environment variable problem_type is not set"),
        ({"problem_type": "Ranking"}, "problem_type is 'Ranking'; allowed: Regression, BinaryClassification"),
        ({"inference_attribute": ""}, "Regression needs an inference_attribute"),
        ({"probability_threshold_attribute": "half"}, "probability_threshold_attribute is 'half', which is no number"),
        ({"baseline_constraints": "", "baseline_statistics": "s"}, "but no baseline constraints to check"),
        ({"baseline_constraints": "/nowhere.json"}, "The baseline cannot be read: /nowhere.json"),
        ({"dataset_source": "/nowhere"}, "/nowhere does not exist, for the window 2026-11-24T01:00:00Z to"),
        ({"ground_truth_source": "/nowhere"}, "Ground truth is merged with sagemakerCaptureJson, and the data are"),
    ],
)
def test_a_job_that_makes_no_sense_fails_and_says_why(
    containers: Containers, changes: dict[str, str], problem: str
) -> None:
    assert containers.run(containers.baseline())[0] == containers.run(containers.merging())[0] == 0
    code, text = containers.run(containers.monitoring(**changes))
    assert (code, problem in text) == (1, True)
    assert (containers.folder / "monitoring-job" / "output" / "message").read_text() == text
