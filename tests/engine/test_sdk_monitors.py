"""The SageMaker SDK's monitors on the live engine: an endpoint, a baseline, schedules and their executions, by the analyzer's own image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mlsystem.monitor.command import run_command
from tests.e2e.built_images import push_built
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.sdk.sdk import Sdk
from tests.serving import Serving
from tests.unit.monitor.quality.made import some_scores

FILES = ("statistics.json", "constraints.json", "constraint_violations.json")
ENDED = {"Completed", "CompletedWithViolations", "Failed", "Stopped"}
REQUESTS = 40
# The model of `Serving` answers with its word, its version, and what it was asked.
HEADER = "word,version,told,delay"


class Monitored:
    """An endpoint that the SDK has deployed, with requests that are later than those of its baseline."""

    def __init__(self, engine: LiveEngine, sdk: Sdk, home: Path):
        self.engine = engine
        self.sdk = sdk
        self.home = home
        self.serving = Serving(engine)
        self.bucket = self.serving.home
        self.endpoint = f"{self.bucket}-endpoint"
        self.image = push_built(engine, "monitor")
        self.role = role(engine, "monitor")
        self.s3, self.sagemaker = engine.client("s3"), engine.client("sagemaker")

    def uri(self, path: str) -> str:
        return f"s3://{self.bucket}/{path}"

    def read(self, uri: str) -> Any:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def deploy(self) -> None:
        data, where = self.uri("model.tar.gz"), {"endpoint": self.endpoint, "captured": self.uri("captured")}
        self.sdk.run("deploy", image=self.serving.image, data=data, role=self.role, **where)
        assert self.serving.await_settled(self.endpoint)["EndpointStatus"] == "InService"

    def ask(self, count: int) -> None:
        wanted = self._captured() + count
        for number in range(count):
            self.serving.invoke(self.endpoint, f"{number + 0.5}")
        eventually(lambda: self._captured() >= wanted)

    def _captured(self) -> int:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="captured/").get("Contents", ())
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read() for item in listed]
        return sum(len(body.splitlines()) for body in bodies)

    def answers(self) -> dict[str, float]:
        """What the model said of each captured request, by the request's event."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="captured/").get("Contents", ())
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read() for item in listed]
        records = [json.loads(line) for body in bodies for line in body.splitlines()]
        said = {one["eventMetadata"]["eventId"]: one["captureData"]["endpointOutput"]["data"] for one in records}
        return {event: float(data.split(",")[2]) for event, data in said.items()}

    def write_truth(self, labels: dict[str, float]) -> None:
        """Collected now."""
        lines = [
            {"groundTruthData": {"data": str(label), "encoding": "CSV"}, "eventMetadata": {"eventId": event}}
            for event, label in labels.items()
        ]
        key = f"truth/{datetime.now(UTC):%Y/%m/%d/%H}/labels.jsonl"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body="\n".join(map(json.dumps, lines)).encode())

    def metric(self, namespace: str, name: str, schedule: str) -> float:
        """The greatest value of the last minutes."""
        now, of = datetime.now(UTC), {"Endpoint": self.endpoint, "MonitoringSchedule": schedule}
        dimensions = [{"Name": key, "Value": value} for key, value in of.items()]
        [found] = self.engine.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=10),
            Period=86400,
            Statistics=["Maximum"],
        )["Datapoints"]
        return float(found["Maximum"])

    def write_training(self) -> Path:
        """A dataset of earlier numbers."""
        rows = "".join(f"hello,1,{number - 99.5},{number - 99.5}\n" for number in range(100))
        path = self.home / "training.csv"
        path.write_text(f"{HEADER}\n{rows}")
        return path

    def suggest(self, program: str, dataset: Path, output: str, **options: str) -> dict[str, Any]:
        given = {"image": self.image, "role": self.role, "dataset": str(dataset), "output": self.uri(output)}
        return dict(self.sdk.run(program, **given, **options))

    def schedule(self, hours: tuple[str, str] = ("-PT1H", "-PT0H")) -> str:
        """The name of a new one, which runs now."""
        name = f"watch-{uuid4().hex[:8]}"
        self.sdk.run("schedule", name=name, when="now", hours=hours, watch=self.watch())
        return name

    def watch(self) -> dict[str, str]:
        """What a schedule is told."""
        places = {"baseline": self.uri("baseline"), "output": self.uri("reports")}
        return {"image": self.image, "role": self.role, "endpoint": self.endpoint, **places}

    def executions(self, name: str, count: int) -> list[dict[str, Any]]:
        """So many, once they have ended."""

        def ended() -> list[dict[str, Any]] | None:
            found = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
            summaries: list[dict[str, Any]] = found["MonitoringExecutionSummaries"]
            done = [one for one in summaries if one["MonitoringExecutionStatus"] in ENDED]
            return done if len(done) == count else None

        return list(eventually(ended))


@pytest.fixture(scope="module")
def sdk(engine: LiveEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    with closing(Sdk(engine, tmp_path_factory.mktemp("user"))) as made:
        yield made


@pytest.fixture(scope="module")
def monitored(engine: LiveEngine, sdk: Sdk, tmp_path_factory: pytest.TempPathFactory) -> Monitored:
    made = Monitored(engine, sdk, tmp_path_factory.mktemp("files"))
    made.deploy()
    made.ask(REQUESTS)
    return made


@pytest.fixture(scope="module")
def baseline(monitored: Monitored) -> dict[str, Any]:
    return monitored.suggest("data_baseline", monitored.write_training(), "baseline", method="ChiSquared")


@pytest.fixture(scope="module")
def watched(monitored: Monitored, baseline: dict[str, Any]) -> str:
    """A schedule with two executions; between them there were more requests."""
    name = monitored.schedule()
    monitored.executions(name, 1)
    monitored.ask(REQUESTS)
    monitored.sagemaker.start_monitoring_schedule(MonitoringScheduleName=name)
    monitored.executions(name, 2)
    return name


@pytest.fixture(scope="module")
def attached(monitored: Monitored, watched: str) -> dict[str, Any]:
    """What a DefaultModelMonitor knows of that schedule."""
    return dict(monitored.sdk.run("attach", name=watched, kind="data"))


def test_an_endpoint_captures_what_the_sdk_asks_it_to(monitored: Monitored) -> None:
    described = monitored.sagemaker.describe_endpoint(EndpointName=monitored.endpoint)
    config = monitored.sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    assert config["DataCaptureConfig"] == {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": monitored.uri("captured"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }


def test_a_suggested_baseline_is_what_the_analyzer_says_of_the_file(
    monitored: Monitored, baseline: dict[str, Any]
) -> None:
    assert (baseline["status"], baseline["message"]) == (
        "Completed",
        "Completed: Job completed successfully with no violations.",
    )
    folder = monitored.home / "by-hand"
    options = ["profile", str(monitored.home / "training.csv"), "--output", str(folder)]
    options += ["--categorical-method", "ChiSquared"]
    assert run_command(options, lambda: datetime(2026, 11, 24, tzinfo=UTC))[0] == 0
    for name in ("statistics", "constraints"):
        written = json.loads((folder / f"{name}.json").read_text())
        assert baseline[name] == monitored.read(monitored.uri(f"baseline/{name}.json")) == written


def test_a_monitor_attaches_to_a_schedule_and_knows_all_of_it(
    monitored: Monitored, watched: str, attached: dict[str, Any]
) -> None:
    described = monitored.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=watched)
    told = json.loads(json.dumps(described, default=str))
    assert {**attached["described"], "ResponseMetadata": None} == {**told, "ResponseMetadata": None}
    monitor = attached["monitor"]
    assert (monitor["class"], monitor["schedule"]) == ("DefaultModelMonitor", watched)
    assert (monitor["role"], monitor["instance_count"]) == (monitored.role, 1)
    assert (monitor["instance_type"], monitor["max_runtime_in_seconds"]) == ("ml.m5.large", 600)
    assert monitor["env"] == {"publish_cloudwatch_metrics": "Enabled"}
    assert monitor["tags"] == [{"Key": "team", "Value": "flights"}]


def test_the_executions_of_a_schedule_are_read_oldest_first(
    monitored: Monitored, watched: str, attached: dict[str, Any]
) -> None:
    ran = {one["ProcessingJobArn"].split("/")[-1]: one for one in monitored.executions(watched, 2)}
    assert [one["job"] for one in attached["executions"]] == sorted(ran, key=lambda job: ran[job]["ScheduledTime"])
    assert {one["MonitoringExecutionStatus"] for one in ran.values()} == {"CompletedWithViolations"}
    for execution in attached["executions"]:
        at = ran[execution["job"]]["ScheduledTime"]
        assert execution["output"] == monitored.uri(f"reports/{monitored.endpoint}/{watched}/{at:%Y/%m/%d/%H}")
        assert execution["inputs"]["constraints"] == monitored.uri("baseline/constraints.json")
        assert execution["inputs"]["baseline"] == monitored.uri("baseline/statistics.json")
        captured = monitored.uri(f"captured/{monitored.endpoint}/AllTraffic/")
        assert execution["inputs"]["endpoint_input_1"].startswith(captured)
        written = {name: monitored.read(f"{execution['output']}/{name}") for name in FILES}
        assert execution["statistics"] == written["statistics.json"]
        assert execution["violations"] == written["constraint_violations.json"]
        number = len(written["constraint_violations.json"]["violations"])
        assert execution["message"].startswith(
            f"CompletedWithViolations: Job completed successfully with {number} violations."
        )


def test_the_latest_statistics_and_violations_are_those_of_the_newest_execution(attached: dict[str, Any]) -> None:
    newest = attached["executions"][-1]
    assert (attached["statistics"], attached["violations"]) == (newest["statistics"], newest["violations"])
    assert attached["statistics"]["dataset"]["item_count"] == 2 * REQUESTS
    features = {feature["name"]: feature for feature in attached["statistics"]["features"]}
    assert list(features) == HEADER.split(",")
    delay = features["delay"]["numerical_statistics"]
    assert (delay["min"], delay["max"], delay["mean"]) == (0.5, REQUESTS - 0.5, REQUESTS / 2)
    words = features["word"]["string_statistics"]["distribution"]["categorical"]["buckets"]
    assert words == [{"value": "hello", "count": 2 * REQUESTS}]
    checks = {(one["feature_name"], one["constraint_check_type"]) for one in attached["violations"]["violations"]}
    assert checks == {("told", "baseline_drift_check"), ("delay", "baseline_drift_check")}


def test_a_monitor_with_its_own_image_attaches_as_well(
    monitored: Monitored, watched: str, attached: dict[str, Any]
) -> None:
    mine = monitored.sdk.run("attach", name=watched, kind="own")
    assert (mine["monitor"]["class"], mine["monitor"]["image_uri"]) == ("ModelMonitor", monitored.image)
    for name in ("executions", "statistics", "violations"):
        assert mine[name] == attached[name]
    assert mine["monitor"] in monitored.sdk.run("monitors_of", endpoint=monitored.endpoint)


def test_a_schedule_that_found_no_data_has_nothing_to_read(monitored: Monitored, baseline: dict[str, Any]) -> None:
    name = monitored.schedule(hours=("-PT20H", "-PT19H"))
    [execution] = monitored.executions(name, 1)
    assert "Job inputs had no data" in execution["FailureReason"]
    found = monitored.sdk.run("attach", name=name, kind="data")
    assert (found["executions"], found["statistics"], found["violations"]) == ([], None, None)


def test_the_expressions_of_the_sdk_are_kept_and_their_schedules_stopped_started_and_deleted(
    monitored: Monitored, baseline: dict[str, Any]
) -> None:
    found = monitored.sdk.run("schedules_come_and_go", prefix="come-and-go", watch=monitored.watch())
    assert {when: one["config"]["ScheduleExpression"] for when, one in found.items()} == {
        "hourly": "cron(0 * ? * * *)",
        "daily": "cron(0 6 ? * * *)",
        "every-6-hours": "cron(0 1/6 ? * * *)",
    }
    assert all(one["told"] == ["Stopped", "Scheduled"] for one in found.values())
    listed = monitored.sagemaker.list_monitoring_schedules(NameContains="come-and-go")
    assert listed["MonitoringScheduleSummaries"] == []


def test_a_suggested_baseline_of_a_models_answers_is_what_the_analyzer_says(monitored: Monitored) -> None:
    rows = (f"{label},{score}\n" for label, score in zip(*some_scores(2000), strict=True))
    dataset = monitored.home / "validation.csv"
    dataset.write_text("label,probability\n" + "".join(rows))
    columns = {"ground_truth_attribute": "label", "probability_attribute": "probability"}
    found = monitored.suggest("quality_baseline", dataset, "quality", **columns)
    assert found["status"] == "Completed", found["message"]
    folder = monitored.home / "quality-by-hand"
    options = ["quality", "profile", str(dataset), "--problem-type", "BinaryClassification", "--output", str(folder)]
    options += ["--ground-truth-attribute", "label", "--probability-attribute", "probability"]
    assert run_command(options, lambda: datetime(2026, 11, 24, tzinfo=UTC))[0] == 0
    for name in ("statistics", "constraints"):
        written = json.loads((folder / f"{name}.json").read_text())
        assert _timeless(found[name]) == _timeless(written)
    metrics = found["statistics"]["binary_classification_metrics"]
    thresholds = found["constraints"]["binary_classification_constraints"]
    assert thresholds["auc"]["threshold"] == metrics["auc"]["value"]


def test_a_schedule_of_a_default_monitor_has_a_definition_that_changes_and_goes_with_it(
    monitored: Monitored, baseline: dict[str, Any]
) -> None:
    asked = {"name": "defined", "watch": monitored.watch()}
    created = monitored.sdk.run("schedule_of_data", **asked)
    assert (created["class"], created["schedule"], created["role"]) == (
        "DefaultModelMonitor",
        "defined",
        monitored.role,
    )
    name, definition = created["config"]["MonitoringJobDefinitionName"], created["definition"]
    assert definition["DataQualityAppSpecification"]["ImageUri"] == monitored.image
    assert definition["DataQualityJobInput"]["EndpointInput"]["EndpointName"] == monitored.endpoint

    [execution] = monitored.executions("defined", 1)
    assert (execution["MonitoringType"], execution["MonitoringJobDefinitionName"]) == ("DataQuality", name)
    found = monitored.sdk.run("attach", name="defined", kind="data")
    assert found["statistics"]["dataset"]["item_count"] == len(monitored.answers())
    assert {one["feature_name"] for one in found["violations"]["violations"]} == {"told", "delay"}
    listed = monitored.sdk.run("monitors_of", endpoint=monitored.endpoint)
    assert "defined" in {monitor["schedule"] for monitor in listed}

    updated = monitored.sdk.run("change_and_delete", **asked)
    assert (created["max_runtime_in_seconds"], updated["max_runtime_in_seconds"]) == (None, 1200)
    assert updated["config"]["MonitoringJobDefinitionName"] != name
    assert updated["config"]["ScheduleConfig"]["ScheduleExpression"] == "cron(0 6 ? * * *)"
    assert updated["definition"]["DataQualityBaselineConfig"] == definition["DataQualityBaselineConfig"]
    left = monitored.sagemaker.list_data_quality_job_definitions()["JobDefinitionSummaries"]
    assert [one["MonitoringJobDefinitionName"] for one in left] == [name]
    assert monitored.sagemaker.list_monitoring_schedules(NameContains="defined")["MonitoringScheduleSummaries"] == []


def test_a_models_quality_is_told_by_what_turned_out_for_captured_requests(monitored: Monitored, watched: str) -> None:
    dataset = monitored.home / "predictions.csv"
    dataset.write_text("label,prediction\n" + "".join(f"{n},{n + (n % 3 - 1) / 10}\n" for n in range(200)))
    answers = monitored.answers()
    monitored.write_truth({event: answer + 2 for event, answer in answers.items()})
    asked = {"dataset": str(dataset), "truth": monitored.uri("truth"), "watch": monitored.watch()}
    definition = monitored.sdk.run("schedule_of_quality", name="quality-of-the-sdk", hours=("-PT2H", "-PT0H"), **asked)
    described = monitored.sagemaker.describe_model_quality_job_definition(JobDefinitionName=definition)
    assert described["ModelQualityBaselineConfig"].keys() == {"BaseliningJobName", "ConstraintsResource"}

    [execution] = monitored.executions("quality-of-the-sdk", 1)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert (execution["MonitoringType"], execution["MonitoringJobDefinitionName"]) == ("ModelQuality", definition)
    found = monitored.sdk.run("attach", name="quality-of-the-sdk", kind="quality")
    assert (found["monitor"]["class"], found["monitor"]["max_runtime_in_seconds"]) == ("ModelQualityMonitor", 600)
    [told] = found["executions"]
    at = execution["ScheduledTime"]
    assert told["output"] == monitored.uri(f"reports/{monitored.endpoint}/quality-of-the-sdk/{at:%Y/%m/%d/%H}")
    assert told["inputs"]["endpoint_input_1"].startswith(
        monitored.uri(f"reports/merge/{monitored.endpoint}/AllTraffic/")
    )
    statistics = monitored.read(f"{told['output']}/statistics.json")
    assert found["statistics"] == told["statistics"] == statistics
    assert statistics["dataset"]["item_count"] == len(answers)
    assert statistics["regression_metrics"]["mae"]["value"] == 2.0
    violated = {one["metric_name"] for one in found["violations"]["violations"]}
    assert {"mae", "mse", "rmse"} <= violated
    assert monitored.metric("aws/sagemaker/Endpoints/model-metrics", "mae", "quality-of-the-sdk") == 2.0


def test_what_is_not_there_is_refused_by_name(monitored: Monitored, watched: str) -> None:
    found = monitored.sdk.run("refusals", name=watched, role=monitored.role)
    assert "can only attach to ModelQuality" in found["attach"]
    assert "monitoring without exactly one EndpointInput is not implemented by the local engine" in found["schedule"]
    assert "sagemaker:ListMonitoringAlerts is not implemented by the local engine" in found["alerts"]


def _timeless(document: dict[str, Any]) -> dict[str, Any]:
    """Without the moment at which it was made."""
    dataset = {name: value for name, value in document.get("dataset", {}).items() if name != "evaluation_time"}
    return {**document, "dataset": dataset}
