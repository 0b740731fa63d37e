"""Training and processing jobs: real programs in their sandboxes, on the `/opt/ml` contract."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.images import push_image
from tests.jobs import leftovers
from tests.live import LiveEngine, eventually
from tests.roles import role

# Fits a line by least squares and writes its two numbers: a model, though a small one.
TRAIN = """#!/usr/bin/env python3
import json, os, pathlib, signal, sys, time
root = pathlib.Path("/opt/ml")
parameters = json.loads((root / "input/config/hyperparameters.json").read_text())
print("run", parameters["mode"], flush=True)
if parameters["mode"] == "fail":
    (root / "output/failure").write_text("the label is missing in column 3")
    sys.exit(3)
if parameters["mode"] == "crash":
    raise ValueError("the last line that tells why")
if parameters["mode"] == "wait":
    signal.signal(signal.SIGTERM, lambda *_: ((root / "model/partial").write_text("p"), sys.exit(0)))
    signal.pause()
rows = [tuple(map(float, line.split(","))) for line in (root / "input/data/train/points.csv").read_text().split()]
n = len(rows)
mx, my = sum(x for x, _ in rows) / n, sum(y for _, y in rows) / n
slope = sum((x - mx) * (y - my) for x, y in rows) / sum((x - mx) ** 2 for x, _ in rows)
(root / "model/model.json").write_text(json.dumps({"slope": slope, "intercept": my - slope * mx}))
(root / "output/data/notes.txt").write_text(json.dumps({
    "environment": {name: os.environ.get(name, "") for name in ("TRAINING_JOB_NAME", "SM_CHANNEL_TRAIN", "COLOUR")},
    "parameters": parameters,
    "channels": json.loads((root / "input/config/inputdataconfig.json").read_text()),
    "hosts": json.loads((root / "input/config/resourceconfig.json").read_text())["hosts"],
}))
print("train-rmse: 0.25;")
print("train-rmse: 0.125;")
"""

PROCESS = """#!/usr/bin/env python3
import json, pathlib, sys
text = pathlib.Path("/opt/ml/processing/input/raw/points.csv").read_text()
if "fail" in sys.argv:
    pathlib.Path("/opt/ml/output/message").write_text("row 7 has no label")
    sys.exit(1)
pathlib.Path("/opt/ml/processing/clean/points.csv").write_text(text.upper())
pathlib.Path("/srv/extra/names.json").write_text(json.dumps(sys.argv[1:]))
config = json.loads(pathlib.Path("/opt/ml/config/processingjobconfig.json").read_text())
pathlib.Path("/opt/ml/output/message").write_text("Completed: " + config["Environment"]["COLOUR"])
"""


class Workshop:
    """A bucket with data and an image with both programs."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.bucket = f"jobs-{uuid.uuid4().hex[:8]}"
        self.s3 = engine.client("s3")
        self.sagemaker = engine.client("sagemaker")
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_object(Bucket=self.bucket, Key="in/points.csv", Body=b"0,1\n1,3\n2,5\n")
        files = {"/opt/program/train": TRAIN, "/opt/program/process.py": PROCESS}
        self.image = push_image(engine, f"jobs-{uuid.uuid4().hex[:8]}", files)

    def train(self, mode: str = "fit", **changes: Any) -> str:
        name = f"job-{uuid.uuid4().hex[:8]}"
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": role(self.engine, "trainer"),
            "AlgorithmSpecification": {
                "TrainingImage": self.image,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "train:rmse", "Regex": r"train-rmse: ([0-9.]+);"}],
            },
            "HyperParameters": {"mode": mode, "depth": "3"},
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "ContentType": "text/csv",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/in"}},
                }
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "Environment": {"COLOUR": "green"},
            "Tags": [{"Key": "GitBranch", "Value": "main"}],
        }
        self.sagemaker.create_training_job(**{**request, **changes})
        return name

    def process(self, *arguments: str) -> str:
        name = f"job-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=role(self.engine, "trainer"),
            AppSpecification={
                "ImageUri": self.image,
                "ContainerEntrypoint": ["python3", "/opt/program/process.py"],
                **({"ContainerArguments": list(arguments)} if arguments else {}),
            },
            Environment={"COLOUR": "green"},
            ProcessingInputs=[
                {
                    "InputName": "raw",
                    "S3Input": {
                        "S3Uri": f"s3://{self.bucket}/in/points.csv",
                        "LocalPath": "/opt/ml/processing/input/raw",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
            ProcessingOutputConfig={
                "Outputs": [
                    _output("clean", "/opt/ml/processing/clean", f"s3://{self.bucket}/{name}/clean"),
                    _output("extra", "/srv/extra", f"s3://{self.bucket}/{name}/extra"),
                ]
            },
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        )
        return name

    def trained(self, name: str) -> dict[str, Any]:
        def ended() -> Any:
            job = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] not in ("InProgress", "Stopping") else None

        return dict(eventually(ended))

    def processed(self, name: str) -> dict[str, Any]:
        def ended() -> Any:
            job = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            return job if job["ProcessingJobStatus"] not in ("InProgress", "Stopping") else None

        return dict(eventually(ended))

    def read(self, uri: str) -> bytes:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def archive(self, uri: str) -> dict[str, str]:
        with tarfile.open(fileobj=io.BytesIO(self.read(uri))) as tar:
            files = [member for member in tar.getmembers() if member.isfile()]
            return {member.name: tar.extractfile(member).read().decode() for member in files}  # type: ignore[union-attr]


def _output(name: str, path: str, uri: str) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}}


@pytest.fixture(scope="module")
def workshop(engine: LiveEngine) -> Workshop:
    return Workshop(engine)


def test_a_training_job_trains_and_packs_its_model(workshop: Workshop) -> None:
    job = workshop.trained(workshop.train())
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    model = workshop.archive(job["ModelArtifacts"]["S3ModelArtifacts"])
    assert json.loads(model["model.json"]) == {"slope": 2.0, "intercept": 1.0}


def test_the_program_gets_what_the_container_contract_says(workshop: Workshop) -> None:
    name = workshop.train()
    job = workshop.trained(name)
    notes = json.loads(workshop.archive(f"s3://{workshop.bucket}/out/{name}/output/output.tar.gz")["notes.txt"])
    assert notes["environment"] == {
        "TRAINING_JOB_NAME": name,
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "COLOUR": "green",
    }
    assert notes["parameters"] == {"mode": "fit", "depth": "3"}
    assert notes["channels"]["train"]["ContentType"] == "text/csv"
    assert notes["hosts"] == ["algo-1"]
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Training",
        "Uploading",
        "Completed",
    ]


def test_metric_definitions_find_the_last_value_in_the_log(workshop: Workshop) -> None:
    job = workshop.trained(workshop.train())
    assert [(metric["MetricName"], metric["Value"]) for metric in job["FinalMetricDataList"]] == [("train:rmse", 0.125)]


def test_a_failed_job_tells_the_programs_own_reason(workshop: Workshop) -> None:
    job = workshop.trained(workshop.train("fail"))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: the label is missing in column 3, exit code: 3"


def test_a_crash_without_a_reason_tells_the_last_lines_of_the_log(workshop: Workshop) -> None:
    job = workshop.trained(workshop.train("crash"))
    assert job["TrainingJobStatus"] == "Failed"
    assert "ValueError: the last line that tells why" in job["FailureReason"]


def test_a_stopped_job_ends_by_sigterm_and_keeps_its_model(workshop: Workshop) -> None:
    name = workshop.train("wait")
    logs = workshop.engine.folder / "logs"
    eventually(lambda: any("run wait" in path.read_text() for path in logs.glob(f"training-job.{name}.*")))
    workshop.sagemaker.stop_training_job(TrainingJobName=name)
    job = workshop.trained(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert workshop.archive(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"partial": "p"}


def test_a_job_over_its_time_is_stopped(workshop: Workshop) -> None:
    job = workshop.trained(workshop.train("wait", StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_missing_input_fails_the_job_and_names_it(workshop: Workshop) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{workshop.bucket}/nothing/here"}}
    job = workshop.trained(workshop.train(InputDataConfig=[{"ChannelName": "train", "DataSource": source}]))
    assert job["TrainingJobStatus"] == "Failed"
    assert f"s3://{workshop.bucket}/nothing/here" in job["FailureReason"]


def test_an_image_that_is_not_there_fails_the_job_and_is_named(workshop: Workshop) -> None:
    algorithm = {
        "TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/nothing:latest",
        "TrainingInputMode": "File",
    }
    job = workshop.trained(workshop.train(AlgorithmSpecification=algorithm))
    assert job["TrainingJobStatus"] == "Failed"
    assert "nothing" in job["FailureReason"]


def test_a_processing_job_moves_its_inputs_and_outputs(workshop: Workshop) -> None:
    name = workshop.process("a", "b")
    job = workshop.processed(name)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == "Completed: green"
    assert workshop.read(f"s3://{workshop.bucket}/{name}/clean/points.csv") == b"0,1\n1,3\n2,5\n"
    assert json.loads(workshop.read(f"s3://{workshop.bucket}/{name}/extra/names.json")) == ["a", "b"]


def test_a_failed_processing_job_tells_its_message(workshop: Workshop) -> None:
    job = workshop.processed(workshop.process("fail"))
    assert job["ProcessingJobStatus"] == "Failed"
    assert "row 7 has no label" in job["FailureReason"]


def test_ended_jobs_leave_objects_log_events_and_records_and_nothing_else(workshop: Workshop) -> None:
    """These four, and all of the jobs before."""
    trained = [workshop.train(), workshop.train("fail")]
    processed = [workshop.process(), workshop.process("fail")]
    assert [workshop.trained(name)["TrainingJobStatus"] for name in trained] == ["Completed", "Failed"]
    assert [workshop.processed(name)["ProcessingJobStatus"] for name in processed] == ["Completed", "Failed"]
    eventually(lambda: leftovers(workshop.engine.folder) == [])
    assert "model.json" in workshop.archive(f"s3://{workshop.bucket}/out/{trained[0]}/output/model.tar.gz")
    logs = workshop.engine.client("logs")
    for name, words in ((trained[0], "train-rmse: 0.125;"), (trained[1], "run fail")):
        found = logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/")
        assert words in [event["message"] for event in found["events"]]


def test_a_name_is_used_once(workshop: Workshop) -> None:
    name = workshop.train()
    with pytest.raises(ClientError) as error:
        workshop.train(TrainingJobName=name)
    assert error.value.response["Error"]["Code"] == "ResourceInUse"


def test_jobs_are_listed_by_name_and_state(workshop: Workshop) -> None:
    name = workshop.train()
    workshop.trained(name)
    listed = workshop.sagemaker.list_training_jobs(NameContains=name, StatusEquals="Completed")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == [name]
    pages = workshop.sagemaker.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 2})
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    assert name in names
    assert len(names) == len(set(names))


def test_tags_are_kept(workshop: Workshop) -> None:
    job = workshop.sagemaker.describe_training_job(TrainingJobName=workshop.train())
    workshop.sagemaker.add_tags(ResourceArn=job["TrainingJobArn"], Tags=[{"Key": "a", "Value": "1"}])
    tags = workshop.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "GitBranch", "Value": "main"}, {"Key": "a", "Value": "1"}]


def test_a_member_that_means_something_else_is_refused_by_name(workshop: Workshop) -> None:
    with pytest.raises(ClientError, match="CheckpointConfig"):
        workshop.train(CheckpointConfig={"S3Uri": f"s3://{workshop.bucket}/c"})
    with pytest.raises(ClientError, match="InstanceCount"):
        workshop.train(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1})
