"""Training and processing jobs: real programs in their sandboxes, on the `/opt/ml` contract."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.jobs import leftovers
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.workshop import Workshop


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
        "Downloading",
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
    with pytest.raises(ClientError, match=r"without AlgorithmSpecification\.TrainingImage"):
        workshop.train(AlgorithmSpecification={"AlgorithmName": "a", "TrainingInputMode": "File"})
    with pytest.raises(ClientError, match="InstanceCount"):
        workshop.train(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1})
    # They are optional in the API's model, for jobs of other kinds.
    with pytest.raises(ClientError, match="AlgorithmSpecification is required"):
        workshop.sagemaker.create_training_job(
            TrainingJobName="nothing",
            RoleArn=role(workshop.engine, "server"),
            OutputDataConfig={"S3OutputPath": "s3://nowhere"},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )


# ---------------------------------------------------------------------- while the program runs


def test_checkpoints_are_kept_while_the_program_writes_them_and_are_there_for_the_next_job(workshop: Workshop) -> None:
    place = {"S3Uri": f"s3://{workshop.bucket}/checkpoints", "LocalPath": "/srv/checkpoints"}
    name = workshop.train("checkpoint", CheckpointConfig=place)
    eventually(lambda: workshop.keys("checkpoints/") == ["checkpoints/deep/epoch-1"], interval=0.2)
    job = workshop.sagemaker.describe_training_job(TrainingJobName=name)
    assert (job["TrainingJobStatus"], job["CheckpointConfig"]) == ("InProgress", place)
    workshop.sagemaker.stop_training_job(TrainingJobName=name)
    assert workshop.trained(name)["TrainingJobStatus"] == "Stopped"
    assert workshop.keys("checkpoints/") == ["checkpoints/deep/epoch-1", "checkpoints/last"]
    again = workshop.trained(workshop.train("resume", CheckpointConfig=place))
    assert workshop.archive(again["ModelArtifacts"]["S3ModelArtifacts"]) == {"found": "deep/epoch-1 last"}


def test_a_checkpoint_that_cannot_be_kept_fails_the_job_at_its_end(workshop: Workshop) -> None:
    name = workshop.train(
        "checkpoint", CheckpointConfig={"S3Uri": "s3://nobodys-bucket/c", "LocalPath": "/srv/checkpoints"}
    )
    job = workshop.trained(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert "s3://nobodys-bucket/c" in job["FailureReason"]


def test_outputs_are_uploaded_while_the_program_writes_them(workshop: Workshop) -> None:
    name = workshop.process("wait", mode="Continuous")
    eventually(lambda: workshop.keys(f"{name}/clean/") == [f"{name}/clean/early.csv"], interval=0.2)
    workshop.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert workshop.processed(name)["ProcessingJobStatus"] == "Stopped"
    assert workshop.keys(f"{name}/clean/") == [f"{name}/clean/early.csv", f"{name}/clean/late.csv"]


def test_what_a_program_prints_is_measured_in_cloudwatch(workshop: Workshop) -> None:
    name = workshop.train()
    workshop.trained(name)

    def found() -> list[float]:
        points = workshop.engine.client("cloudwatch").get_metric_statistics(
            Namespace="/aws/sagemaker/TrainingJobs",
            MetricName="train:rmse",
            Dimensions=[{"Name": "TrainingJobName", "Value": name}],
            StartTime=datetime.now(UTC) - timedelta(minutes=5),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return [point["Sum"] for point in points]

    eventually(lambda: sum(found()) == 0.375)


# ---------------------------------------------------------------------- inputs


def test_a_manifest_names_the_objects_of_a_channel(workshop: Workshop) -> None:
    manifest = json.dumps([{"prefix": f"s3://{workshop.bucket}/in/"}, "points.csv"])
    workshop.s3.put_object(Bucket=workshop.bucket, Key="manifests/train", Body=manifest.encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{workshop.bucket}/manifests/train"}}
    job = workshop.trained(workshop.train(InputDataConfig=[{"ChannelName": "train", "DataSource": source}]))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_job_runs_the_image_that_its_tag_named_when_it_began(workshop: Workshop) -> None:
    job = workshop.trained(workshop.train())
    [image] = workshop.engine.client("ecr").describe_images(
        repositoryName=workshop.image.rpartition("/")[2].partition(":")[0]
    )["imageDetails"]
    said = {one["Status"]: one["StatusMessage"] for one in job["SecondaryStatusTransitions"]}
    assert said["Training"] == f"Training image download completed ({image['imageDigest']}). Training in progress."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"MetricDefinitions": [{"Name": "m", "Regex": "a("}]}, "The Regex of the metric m is none"),
        ({"MetricDefinitions": [{"Name": "m", "Regex": "a"}]}, "The Regex of the metric m has no group"),
    ],
)
def test_an_expression_that_finds_nothing_is_refused(workshop: Workshop, changes: dict[str, Any], reason: str) -> None:
    algorithm = {"TrainingImage": workshop.image, "TrainingInputMode": "File"}
    with pytest.raises(ClientError, match=reason):
        workshop.train(AlgorithmSpecification={**algorithm, **changes})


def test_managed_spot_training_has_a_time_to_wait(workshop: Workshop) -> None:
    with pytest.raises(ClientError, match="MaxWaitTimeInSeconds is at least MaxRuntimeInSeconds"):
        workshop.train(EnableManagedSpotTraining=True)
    condition = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600}
    job = workshop.trained(workshop.train(EnableManagedSpotTraining=True, StoppingCondition=condition))
    assert (job["TrainingJobStatus"], job["EnableManagedSpotTraining"]) == ("Completed", True)
