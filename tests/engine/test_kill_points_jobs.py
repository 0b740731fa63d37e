"""A job, with the engine killed at every race point that it passes: the outcome is right and its programs ran once."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError

from tests.images import push_image
from tests.jobs import leftovers, logged
from tests.killpoints import Harness
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.transforming import Transforms

TRAIN = """#!/usr/bin/env python3
import json, pathlib
print("the program runs", flush=True)
total = sum(map(int, pathlib.Path("/opt/ml/input/data/train/numbers.txt").read_text().split()))
pathlib.Path("/opt/ml/model/model.json").write_text(json.dumps({"total": total}))
pathlib.Path("/opt/ml/checkpoints/epoch").write_text("1")
"""
STATES = {"Completed", "Failed", "Stopped"}


class TrainOnce:
    essential: tuple[str, ...] = (
        "sagemaker.training_job.InProgress.before_commit",
        "sagemaker.training_job.InProgress.after_commit",
        "sagemaker.training_job.stage_inputs.after",
        "sagemaker.training_job.start_process.after",
        "sagemaker.training_job.upload_outputs.before",
        "sagemaker.training_job.upload_outputs.after",
        "sagemaker.training_job.Completed.before_commit",
        "sagemaker.training_job.clear_folder.after",
    )

    def prepare(self, live: LiveEngine) -> None:
        live.client("s3").create_bucket(Bucket="bench")
        live.client("s3").put_object(Bucket="bench", Key="in/numbers.txt", Body=b"1 2 3")
        push_image(live, "bench", {"/opt/program/train": TRAIN})
        role(live, "trainer")

    def act(self, live: LiveEngine) -> None:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bench/in"}}
        try:
            live.client("sagemaker").create_training_job(
                TrainingJobName="once",
                RoleArn=role(live, "trainer"),
                AlgorithmSpecification={
                    "TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/bench:latest",
                    "TrainingInputMode": "File",
                },
                InputDataConfig=[{"ChannelName": "train", "DataSource": source}],
                OutputDataConfig={"S3OutputPath": "s3://bench/out"},
                ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                StoppingCondition={"MaxRuntimeInSeconds": 60},
                CheckpointConfig={"S3Uri": "s3://bench/kept"},
            )
        except ClientError as error:
            # Committed, but the answer did not get out before the crash.
            if error.response["Error"]["Code"] != "ResourceInUse":
                raise

    def settle(self, live: LiveEngine) -> None:
        sagemaker = live.client("sagemaker")
        eventually(lambda: sagemaker.describe_training_job(TrainingJobName="once")["TrainingJobStatus"] in STATES)
        live.eventually(lambda: leftovers(live.folder) == [])

    def check(self, live: LiveEngine) -> None:
        job = live.client("sagemaker").describe_training_job(TrainingJobName="once")
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        keys = [item["Key"] for item in live.client("s3").list_objects_v2(Bucket="bench")["Contents"]]
        assert keys == ["in/numbers.txt", "kept/epoch", "out/once/output/model.tar.gz"]
        assert logged(live, "/aws/sagemaker/TrainingJobs") == ["the program runs"]


def test_a_training_job_survives_a_kill_at_every_race_point(tmp_path: Path) -> None:
    Harness(tmp_path, TrainOnce()).visit()


class TransformOnce:
    essential: tuple[str, ...] = (
        "sagemaker.transform_job.InProgress.before_commit",
        "sagemaker.transform_job.stage_inputs.after",
        "sagemaker.transform_job.start_server.after",
        "sagemaker.transform_job.start_client.after",
        "sagemaker.transform_job.upload_outputs.after",
        "sagemaker.transform_job.Completed.before_commit",
    )

    def prepare(self, live: LiveEngine) -> None:
        transforms = Transforms(live, "bench").prepare()
        transforms.model("bench")
        transforms.s3.put_object(Bucket="bench", Key="in/a.csv", Body=b"1,2\n3,4\n")

    def act(self, live: LiveEngine) -> None:
        try:
            Transforms(live, "bench").start("s3://bench/in/", "bench", TransformJobName="once")
        except ClientError as error:
            # Committed, but the answer did not get out before the crash.
            if error.response["Error"]["Code"] != "ResourceInUse":
                raise

    def settle(self, live: LiveEngine) -> None:
        Transforms(live, "bench").ended("once")
        live.eventually(lambda: leftovers(live.folder) == [])

    def check(self, live: LiveEngine) -> None:
        transforms = Transforms(live, "bench")
        job = transforms.ended("once")
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        assert transforms.outputs("once") == {"a.csv.out": b"3.0\n7.0\n"}
        assert sorted(logged(live, "/aws/sagemaker/TransformJobs"))[-1] == "the model is loaded"
        assert len(logged(live, "/aws/sagemaker/TransformJobs")) == 2


def test_a_transform_job_survives_a_kill_at_every_race_point(tmp_path: Path) -> None:
    Harness(tmp_path, TransformOnce()).visit()
