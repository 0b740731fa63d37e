"""The processing container: a real process that knows nothing but its environment and /opt/ml."""

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

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
CAPTURE = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'


class RecordingPublisher:
    """Stands for CloudWatch."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Sequence[MetricDatumTypeDef]]] = []

    def publish(self, namespace: str, data: "Sequence[MetricDatumTypeDef]") -> None:
        self.sent.append((namespace, data))


class Container:
    """/opt/ml in a temporary folder, with a baseline of (late, distance) and an hour of captured traffic."""

    def __init__(self, folder: Path) -> None:
        self.base = folder / "ml"
        self.source = self.base / "processing" / "input" / "flights-prd" / "AllTraffic" / "2026" / "11" / "24" / "01"
        self.output = self.base / "processing" / "output"
        self.baseline = self.base / "processing" / "baseline"
        self.message = self.base / "output" / "message"
        self.metrics = self.base / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"
        self.publisher = RecordingPublisher()

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            "SAGEMAKER_BASE_DIR": str(self.base),
            "dataset_format": CAPTURE,
            "dataset_source": str(self.base / "processing" / "input"),
            "output_path": str(self.output),
            "baseline_constraints": str(self.baseline / "constraints.json"),
            "baseline_statistics": str(self.baseline / "statistics.json"),
            "publish_cloudwatch_metrics": "Disabled",
            "start_time": "2026-11-24T01:00:00Z",
            "end_time": "2026-11-24T02:00:00Z",
            "sagemaker_endpoint_name": "flights-prd",
            "sagemaker_monitoring_schedule_name": "flights-hourly",
        } | changes

    def run(self, **changes: str) -> tuple[int, str]:
        return run_container(self.environment(**changes), lambda: self.publisher, lambda: NOW)

    def capture(self, rows: list[tuple[int, int]]) -> None:
        self.source.mkdir(parents=True, exist_ok=True)
        lines = []
        for late, distance in rows:
            bodies = {
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": f"{distance}"},
                "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": f"{late}\n"},
            }
            captured = {name: body | {"encoding": "CSV"} for name, body in bodies.items()}
            lines.append(json.dumps({"captureData": captured, "eventMetadata": {"eventId": "e"}, "eventVersion": "0"}))
        (self.source / "00-00-000-1.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = Container(tmp_path)
    train = tmp_path / "train.csv"
    train.write_text("late,distance\n" + "".join(f"{i % 2},{i}\n" for i in range(1000)))
    code, _ = run_container(
        {
            "SAGEMAKER_BASE_DIR": str(tmp_path / "baseline-job"),
            "dataset_format": '{"csv":{"header":true,"output_columns_position":"START"}}',
            "dataset_source": str(train),
            "output_path": str(made.baseline),
        },
        lambda: None,
        lambda: NOW,
    )
    assert code == 0
    return made


def test_a_monitoring_job_as_a_process_writes_its_files_and_its_message(container: Container) -> None:
    container.capture([(i % 2, 500 + i) for i in range(1000)])
    process = subprocess.run(
        [sys.executable, "-m", "mlsystem.monitor"],
        env={"PATH": os.environ["PATH"], **container.environment()},
        cwd=container.base,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    message = "CompletedWithViolations: Job completed successfully with 1 violations."
    assert process.stdout == message + "\n"
    assert container.message.read_text() == message
    assert sorted(path.name for path in container.output.iterdir()) == [
        "constraint_violations.json",
        "constraints.json",
        "report.html",
        "report.json",
        "statistics.json",
        "verdicts.json",
    ]
    (violation,) = json.loads((container.output / "constraint_violations.json").read_text())["violations"]
    assert (violation["feature_name"], violation["constraint_check_type"]) == ("distance", "baseline_drift_check")
    metrics = [json.loads(line) for line in container.metrics.read_text().splitlines()]
    assert {metric["MetricName"] for metric in metrics} >= {"feature_baseline_drift_distance", "feature_data_late"}
    assert metrics[0]["Dimensions"] == [
        {"Name": "Endpoint", "Value": "flights-prd"},
        {"Name": "MonitoringSchedule", "Value": "flights-hourly"},
    ]


def test_a_failing_job_as_a_process_exits_with_1_and_leaves_the_reason(container: Container) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "mlsystem.monitor"],
        env={"PATH": os.environ["PATH"], **container.environment()},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    reason = (
        f"Job inputs had no data: {container.base}/processing/input does not exist, "
        "for the window 2026-11-24T01:00:00Z to 2026-11-24T02:00:00Z"
    )
    assert (process.returncode, process.stderr) == (1, reason + "\n")
    assert container.message.read_text() == reason


def test_metrics_are_published_only_where_the_job_says_so(container: Container) -> None:
    container.capture([(i % 2, i) for i in range(100)])
    assert container.run()[0] == 0
    assert container.publisher.sent == []
    assert container.run(publish_cloudwatch_metrics="Enabled", put_metric_data="Disabled")[0] == 0
    assert container.publisher.sent == []
    assert container.run(publish_cloudwatch_metrics="Enabled")[0] == 0
    ((namespace, data),) = container.publisher.sent
    assert namespace == "aws/sagemaker/Endpoints/data-metrics"
    assert "feature_baseline_drift_late" in {datum["MetricName"] for datum in data}


def test_what_the_environment_lacks_comes_from_the_jobs_configuration(container: Container) -> None:
    container.capture([(i % 2, i) for i in range(1000)])
    environment = container.environment()
    configuration = container.base / "config" / "processingjobconfig.json"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(json.dumps({"ProcessingJobName": "j", "Environment": environment}))
    only_base = {"SAGEMAKER_BASE_DIR": str(container.base)}
    assert run_container(only_base, lambda: None, lambda: NOW)[0] == 0
    configuration.write_text("{")
    code, text = run_container(only_base, lambda: None, lambda: NOW)
    assert (code, text.startswith(f"{configuration} cannot be read")) == (1, True)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"dataset_source": ""}, "The environment variable dataset_source is not set"),
        ({"dataset_format": "csv"}, "dataset_format cannot be understood"),
        ({"publish_cloudwatch_metrics": "yes"}, "publish_cloudwatch_metrics is 'yes'; allowed: Disabled, Enabled"),
        ({"comparison_threshold": "low"}, "comparison_threshold is 'low', which is no number"),
        ({"comparison_method": "KS"}, "comparison_method is 'KS'; allowed: Robust, Simple, Robust, linf_simple"),
        (
            {"comparison_method": "KolmogorovSmirnov", "comparison_threshold": "95"},
            "The environment variable comparison_threshold is 95.0, which is no level of significance",
        ),
        ({"multiple_testing_correction": "Sidak"}, "allowed: , None, Bonferroni, Holm, BenjaminiHochberg"),
        ({"minimum_sample": "0"}, "The environment variable minimum_sample is 0; allowed: whole numbers from 1"),
        ({"minimum_sample": "9.5"}, "minimum_sample is '9.5', which is no whole number"),
        ({"baseline_constraints": ""}, "no baseline constraints to check"),
        ({"baseline_statistics": ""}, "The baseline statistics (none given) do not know late, distance"),
    ],
)
def test_a_job_that_makes_no_sense_fails_and_says_why(
    container: Container, changes: dict[str, str], problem: str
) -> None:
    container.capture([(1, 1)])
    code, text = container.run(**changes)
    assert code == 1
    assert problem in text
    assert container.message.read_text() == text


def test_the_users_scripts_run_before_the_analysis_and_after_the_files(container: Container, tmp_path: Path) -> None:
    container.capture([(i % 2, i) for i in range(1000)])
    before, after, seen = tmp_path / "before.py", tmp_path / "after.py", tmp_path / "seen"
    before.write_text(
        "def preprocess_handler(record):\n"
        "    distance = int(record.endpoint_input.data)\n"
        "    return [] if distance < 500 else {'late': int(record.endpoint_output.data), 'distance': distance}\n"
    )
    after.write_text(
        "import pathlib\n"
        "def postprocess_handler():\n"
        f"    names = sorted(path.name for path in pathlib.Path({str(container.output)!r}).iterdir())\n"
        f"    pathlib.Path({str(seen)!r}).write_text(' '.join(names))\n"
    )
    code, _ = container.run(record_preprocessor_script=str(before), post_analytics_processor_script=str(after))
    assert code == 0
    statistics = json.loads((container.output / "statistics.json").read_text())
    assert statistics["dataset"]["item_count"] == 500
    assert statistics["features"][1]["numerical_statistics"]["min"] == 500.0
    files = "constraint_violations.json constraints.json report.html report.json statistics.json verdicts.json"
    assert seen.read_text() == files


def test_a_failing_script_fails_the_job(container: Container, tmp_path: Path) -> None:
    container.capture([(1, 1)])
    script = tmp_path / "after.py"
    script.write_text("def postprocess_handler():\n    raise RuntimeError('no mail server')\n")
    code, text = container.run(post_analytics_processor_script=str(script))
    assert (code, text) == (1, f"postprocess_handler of {script}: RuntimeError: no mail server")


def test_a_baseline_job_suggests_the_thresholds_it_was_told(container: Container, tmp_path: Path) -> None:
    environment = {
        "SAGEMAKER_BASE_DIR": str(tmp_path / "job"),
        "dataset_format": '{"csv":{"header":true}}',
        "dataset_source": str(tmp_path / "train.csv"),
        "output_path": str(tmp_path / "out"),
        "comparison_threshold": "0.25",
        "comparison_method": "Simple",
    }
    assert run_container(environment, lambda: None, lambda: NOW)[0] == 0
    comparison = json.loads((tmp_path / "out" / "constraints.json").read_text())["monitoring_config"]
    assert comparison["distribution_constraints"] == {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.25,
        "comparison_method": "Simple",
    }


def test_a_baseline_job_suggests_a_test_its_correction_and_its_minimum(container: Container, tmp_path: Path) -> None:
    environment = {
        "SAGEMAKER_BASE_DIR": str(tmp_path / "job"),
        "dataset_format": '{"csv":{"header":true}}',
        "dataset_source": str(tmp_path / "train.csv"),
        "output_path": str(tmp_path / "out"),
        "comparison_method": "KolmogorovSmirnov",
        "multiple_testing_correction": "Holm",
        "minimum_sample": "50",
    }
    assert run_container(environment, lambda: None, lambda: NOW)[0] == 0
    comparison = json.loads((tmp_path / "out" / "constraints.json").read_text())["monitoring_config"]
    assert comparison["distribution_constraints"] == {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.05,
        "comparison_method": "KolmogorovSmirnov",
        "multiple_testing_correction": "Holm",
        "minimum_sample": 50,
    }


def test_a_preprocessor_without_captured_records_is_refused(container: Container, tmp_path: Path) -> None:
    script = tmp_path / "before.py"
    script.write_text("def preprocess_handler(record):\n    return []\n")
    changes = {"dataset_source": str(tmp_path / "train.csv"), "dataset_format": '{"csv":{"header":true}}'}
    code, text = container.run(record_preprocessor_script=str(script), **changes)
    assert code == 1
    assert text.startswith("A preprocessor script takes captured records")


@pytest.mark.parametrize(("newest", "rows"), [("0", 1000), ("", 1000), ("300", 300), ("5000", 1000)])
def test_a_check_sees_the_newest_records_and_tells_of_all(container: Container, newest: str, rows: int) -> None:
    container.capture([(i % 2, i) for i in range(1000)])
    code, message = container.run(newest_records=newest)
    assert code == 0, message
    statistics = json.loads((container.output / "statistics.json").read_text())
    assert statistics["dataset"]["item_count"] == rows
    [distance] = [one for one in statistics["features"] if one["name"] == "distance"]
    assert distance["numerical_statistics"]["min"] == 1000 - rows
    assert json.loads((container.output / "verdicts.json").read_text())["captured_records"] == 1000


@pytest.mark.parametrize("newest", ["-1", "2.5", "all"])
def test_a_number_of_records_that_is_none_is_refused(container: Container, newest: str) -> None:
    container.capture([(0, 1)])
    code, message = container.run(newest_records=newest)
    assert code == 1
    assert "newest_records" in message
