"""The project's own training workflow, run by the engine: its functions are the project's, its programs are small."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.functions import archive, make_function
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role

PROJECT = Path(__file__).parents[2] / "project"
ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}

PREPARE = """#!/usr/bin/env python3
import os, pathlib
base = pathlib.Path("/opt/ml/processing")
rows = (base / "input/train/rows.csv").read_text()
if not rows.strip():
    pathlib.Path("/opt/ml/output/message").write_text("the data has no rows")
    raise SystemExit(1)
for name in ("train", "test", "baseline", "requests"):
    rows = (base / "input" / (name if name == "test" else "train") / "rows.csv").read_text()
    (base / name / "rows.csv").write_text(rows)
"""
TRAIN = """#!/usr/bin/env python3
import pathlib
rows = pathlib.Path("/opt/ml/input/data/train/rows.csv").read_text().split()
model = pathlib.Path("/opt/ml/model/inference")
model.mkdir()
(model / "total.txt").write_text(str(sum(map(int, rows))))
"""
EVALUATE = """#!/usr/bin/env python3
import json, pathlib, tarfile
base = pathlib.Path("/opt/ml/processing")
with tarfile.open(base / "model/model.tar.gz") as archive:
    total = int(archive.extractfile("inference/total.txt").read())
raw = base / "raw/rows.csv"
rows = (raw if raw.exists() else base / "test/rows.csv").read_text().split()
if raw.exists() and "changed" in rows:
    pathlib.Path("/opt/ml/output/message").write_text("these rows are none of this model")
    raise SystemExit(1)
report = {"dataset": {"item_count": len(rows)}, "regression_metrics": {"mae": {"value": total / 10}}}
(base / "evaluation/eval.json").write_text(json.dumps(report))
if not raw.exists():
    (base / "predictions/predictions.csv").write_text((base / "baseline/rows.csv").read_text())
"""
MONITOR = """
import os, pathlib
[data] = pathlib.Path(os.environ["dataset_source"]).iterdir()
joined = os.environ.get("joined_baseline")
behind = pathlib.Path(joined, "statistics.json").read_text() if joined else "null"
text = '{"rows": %d, "behind": %s}' % (len(data.read_text().split()), behind)
pathlib.Path("/opt/ml/processing/output/statistics.json").write_text(text)
"""
FUNCTIONS = {
    "FindChampionFunctionArn": "find_champion",
    "CreateExperimentFunctionArn": "sagemaker_create_experiment",
    "QueryEvaluationFunctionArn": "sagemaker_query_evaluation",
    "QueryTrainingFunctionArn": "sagemaker_query_training",
}


CHAMPION = "run-of-last-year"


class Workflow:
    """What the project's stacks make around the workflow, by hand."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.name = f"flow-{uuid.uuid4().hex[:8]}"
        engine.client("s3").create_bucket(Bucket=self.name)
        files = {
            "/opt/program/prepare_data.py": PREPARE,
            "/opt/program/train": TRAIN,
            "/opt/program/evaluate.py": EVALUATE,
        }
        self.image = push_image(engine, self.name, files)
        self.monitor = push_image(engine, f"{self.name}-monitor", {"/opt/program/mlsystem/monitor.py": MONITOR})
        key = engine.client("kms").create_key()["KeyMetadata"]["Arn"]
        values = {
            "Partition": "aws",
            "KmsKeyArn": key,
            "SageMakerRoleArn": role(engine, "workflow"),
            **self._functions(),
        }
        definition = (PROJECT / "model/workflow.asl.json").read_text()
        for name, value in values.items():
            definition = definition.replace(f"${{{name}}}", value)
        self.sfn = engine.client("stepfunctions")
        made = self.sfn.create_state_machine(name=self.name, definition=definition, roleArn=role(engine, "workflow"))
        self.arn = made["stateMachineArn"]

    def _functions(self) -> dict[str, str]:
        arns = {}
        for name, module in FUNCTIONS.items():
            folder = PROJECT / ("api" if module == "find_champion" else "custom_resource")
            code = {"ZipFile": archive({path.name: path.read_text() for path in folder.glob("*.py")})}
            settings = {"Runtime": "python3.13", "Handler": f"{module}.handler", "Code": code, "Timeout": 60}
            environment = {"Variables": {"ASSETS_DIR": "/tmp/assets", "PIPELINE_NAME": self.name}}
            arns[name] = make_function(self.engine, f"{self.name}-{module}", "", Environment=environment, **settings)
        return arns

    def serve(self, total: int) -> None:
        """Production's alias leads to a model that an earlier run has made."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as packed:
            member = tarfile.TarInfo("inference/total.txt")
            member.size = len(str(total))
            packed.addfile(member, io.BytesIO(str(total).encode()))
        key = f"runs/{CHAMPION}/output/model.tar.gz"
        self.engine.client("s3").put_object(Bucket=self.name, Key=key, Body=stream.getvalue())
        environment = {"Variables": {"TRAINING_JOB_NAME": CHAMPION}}
        client, name = self.engine.client("lambda"), f"{self.name}-api-zip"
        make_function(self.engine, name, "handler = print", Environment=environment)
        version = client.publish_version(FunctionName=name)["Version"]
        client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def run(self, rows: str, gate: Mapping[str, Any], test: str = "1\n", **champion: Any) -> dict[str, Any]:
        run = f"run-{uuid.uuid4().hex[:8]}"
        raw = f"s3://{self.name}/raw/{run}"
        for name, text in (("train", rows), ("test", test)):
            self.engine.client("s3").put_object(Bucket=self.name, Key=f"raw/{run}/{name}/rows.csv", Body=text.encode())
        instances = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        given = {
            "ExperimentName": self.name,
            "TrialName": run,
            "Tags": [{"Key": "run", "Value": run}],
            "RunsUri": f"s3://{self.name}/runs",
            "ImageUri": self.image,
            "MonitorImageUri": self.monitor,
            "DatasetEnvironment": {"DATASET": "{}"},
            "RawData": [{"Name": name, "Uri": f"{raw}/{name}/"} for name in ("train", "test")],
            "Instances": dict.fromkeys(("Prepare", "Baseline", "Train", "Evaluate"), instances),
            "MaxRuntimeInSeconds": 300,
            "DriftThreshold": "0.1",
            "TrainingEnvironment": {},
            "HyperParameters": {"depth": "3"},
            "Gate": dict(gate),
            "Champion": {"Margin": 0.0, "OnUnreadable": "fail", **champion},
        }
        arn = self.sfn.start_execution(stateMachineArn=self.arn, name=run, input=json.dumps(given))["executionArn"]
        eventually(lambda: self.sfn.describe_execution(executionArn=arn)["status"] in ENDED, timeout=120)
        return dict(self.sfn.describe_execution(executionArn=arn))


@pytest.fixture(scope="module")
def workflow(engine: LiveEngine) -> Workflow:
    made = Workflow(engine)
    made.serve(9)
    return made


def test_the_workflow_trains_a_model_that_passes_its_gate(engine: LiveEngine, workflow: Workflow) -> None:
    ended = workflow.run("1\n2\n3\n", {"Metric": "mae", "Comparison": "LessThan", "Threshold": 1})
    assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
    output, run = json.loads(ended["output"]), ended["name"]
    assert output["ModelUri"] == f"s3://{workflow.name}/runs/{run}/output/model.tar.gz"
    assert (output["Champion"]["TrainingJobName"], output["Champion"]["Value"]) == (CHAMPION, 0.9)
    assert output["Champion"]["Verdict"] == "not worse"
    assert (output["Gate"]["Value"], output["Assets"]["Files"]) == (0.6, ["total.txt"])
    found = engine.client("s3").list_objects_v2(Bucket=workflow.name, Prefix=f"runs/{run}/")["Contents"]
    key = f"runs/{run}/production-baseline/statistics.json"
    assert key in [item["Key"] for item in found]
    compared = json.loads(engine.client("s3").get_object(Bucket=workflow.name, Key=key)["Body"].read())
    assert compared == {"rows": 3, "behind": {"rows": 3, "behind": None}}
    listed = engine.client("sagemaker").list_trial_components(TrialName=run)["TrialComponentSummaries"]
    shown = sorted(one["DisplayName"] for one in listed)
    jobs = ["Baseline-Job", "Champion-Evaluation-Job", "Model-Evaluation-Job", "Prediction-Baseline-Job"]
    assert shown == [*jobs, "Prepare-Data", "Training-Job"]


def test_a_model_below_its_gate_fails_with_the_figures(workflow: Workflow) -> None:
    ended = workflow.run("10\n20\n", {"Metric": "mae", "Comparison": "LessThan", "Threshold": 1})
    told = f"{ended['name']}: mae is 3; the gate asks for LessThan 1"
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "ModelBelowGate", told)


def test_a_metric_that_is_missing_fails_with_what_the_function_says(workflow: Workflow) -> None:
    ended = workflow.run("1\n", {"Metric": "rmse", "Comparison": "LessThan", "Threshold": 1}, OnUnreadable="pass")
    assert ended["error"] == "EvaluationResultsUnreadable"
    assert "regression_metrics has no rmse; it has mae" in ended["cause"]


def test_data_without_rows_fails_with_what_the_program_says(workflow: Workflow) -> None:
    ended = workflow.run("", {})
    assert ended["error"] == "PrepareDataFailed"
    assert "the data has no rows" in ended["cause"]


def test_a_model_that_passes_its_gate_and_loses_to_the_champion_fails_with_both_figures(workflow: Workflow) -> None:
    gate = {"Metric": "mae", "Comparison": "LessThan", "Threshold": 2}
    ended = workflow.run("10\n", gate)
    told = f"mae is 1; that of the champion {CHAMPION} is 0.9 on the same test set (margin 0)"
    assert (ended["error"], ended["cause"]) == ("ModelBelowChampion", f"{ended['name']}: {told}")
    assert workflow.run("10\n", gate, Margin=0.2)["status"] == "SUCCEEDED"


def test_a_champion_that_does_not_fit_the_new_test_set_ends_the_run_unless_the_settings_let_it(
    workflow: Workflow,
) -> None:
    gate = {"Metric": "mae", "Comparison": "LessThan", "Threshold": 1}
    ended = workflow.run("1\n", gate, test="changed\n")
    assert ended["error"] == "ChampionUnreadable"
    assert CHAMPION in ended["cause"] and "these rows are none of this model" in ended["cause"]
    passed = workflow.run("1\n", gate, test="changed\n", OnUnreadable="pass")
    assert passed["status"] == "SUCCEEDED", passed.get("cause")
    assert json.loads(passed["output"])["Champion"]["Status"] == "unreadable"
