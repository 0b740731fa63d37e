"""A bucket with data, an image with two programs, and the jobs that run them."""

from __future__ import annotations

import io
import tarfile
import uuid
from typing import Any

from tests.images import push_image
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
kept = pathlib.Path("/srv/checkpoints")
if parameters["mode"] == "checkpoint":
    (kept / "deep").mkdir()
    (kept / "deep/epoch-1").write_text("1")
    if not os.environ.get("SM_CHANNELS"):
        sys.exit("told nothing of its channels")
    signal.signal(signal.SIGTERM, lambda *_: ((kept / "last").write_text("2"), sys.exit(0)))
    signal.alarm(30)
    signal.pause()
if parameters["mode"] == "resume":
    found = sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file())
    (root / "model/found").write_text(" ".join(found))
    sys.exit(0)
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
import json, pathlib, signal, sys
if "wait" in sys.argv:
    clean = pathlib.Path("/opt/ml/processing/clean")
    (clean / "early.csv").write_text("1")
    signal.signal(signal.SIGTERM, lambda *_: ((clean / "late.csv").write_text("2"), sys.exit(0)))
    signal.pause()
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

    def process(self, *arguments: str, mode: str = "EndOfJob") -> str:
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
                    _output("clean", "/opt/ml/processing/clean", f"s3://{self.bucket}/{name}/clean", mode),
                    _output("extra", "/srv/extra", f"s3://{self.bucket}/{name}/extra", mode),
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

    def keys(self, prefix: str) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ())]

    def read(self, uri: str) -> bytes:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def archive(self, uri: str) -> dict[str, str]:
        with tarfile.open(fileobj=io.BytesIO(self.read(uri))) as tar:
            files = [member for member in tar.getmembers() if member.isfile()]
            return {member.name: tar.extractfile(member).read().decode() for member in files}  # type: ignore[union-attr]


def _output(name: str, path: str, uri: str, mode: str) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}
