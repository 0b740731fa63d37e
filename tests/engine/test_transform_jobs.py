"""Batch transform jobs: real model servers, which are sent the records of real objects."""

from __future__ import annotations

import gzip
import importlib
import json
import os
import re
import signal
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.runtime.shim.record import lock_holder
from mlsystem.engine.store.folder import DataFolder
from tests.images import push_image
from tests.jobs import leftovers
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.transforming import Transforms

GROUP = "/aws/sagemaker/TransformJobs"


@pytest.fixture(scope="module")
def transforms(engine: LiveEngine) -> Transforms:
    return Transforms(engine).prepare()


@pytest.fixture(scope="module")
def model(transforms: Transforms) -> str:
    return transforms.model()


def test_every_object_becomes_an_output_of_its_own_name(transforms: Transforms, model: str) -> None:
    uri = transforms.put(a_csv=b"1,2\n3,4\n", deep__b_csv=b"5,6\n")
    job = transforms.run(uri, model)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert transforms.outputs(job["TransformJobName"]) == {
        "a.csv.out": b"3.0\n7.0\n",
        "deep/b.csv.out": b"11.0\n",
    }
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]


def test_gzip_single_records_and_several_at_a_time_come_out_in_order(transforms: Transforms, model: str) -> None:
    lines = [f"{number},1" for number in range(200)]
    uri = transforms.put(rows_csv_gz=gzip.compress("\n".join(lines).encode()))
    job = transforms.run(
        uri, model, BatchStrategy="SingleRecord", MaxConcurrentTransforms=8, TransformInput={"CompressionType": "Gzip"}
    )
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    expected = "".join(f"{number + 1}.0\n" for number in range(200)).encode()
    assert transforms.outputs(job["TransformJobName"]) == {"rows.csv.gz.out": expected}


def test_a_manifest_names_the_objects(transforms: Transforms, model: str) -> None:
    uri = transforms.put(x__a_csv=b"1,2", b_csv=b"3,4")
    manifest = json.dumps([{"prefix": uri}, "x/a.csv"]).encode()
    place = transforms.put(manifest=manifest) + "manifest"
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": place}}
    job = transforms.run(uri, model, TransformInput={"DataSource": source})
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert transforms.outputs(job["TransformJobName"]) == {"x/a.csv.out": b"3.0\n"}


def test_records_are_filtered_and_joined_with_their_answers(transforms: Transforms, model: str) -> None:
    rows = transforms.put(a_csv=b"id7,1,2\nid8,3,4\n")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    csv = transforms.run(rows, model, DataProcessing=processing)
    assert transforms.outputs(csv["TransformJobName"]) == {"a.csv.out": b"id7,3.0\nid8,7.0\n"}, csv
    documents = transforms.put(a_jsonl=b'{"id": 7, "features": [1, 2]}\n{"id": 8, "features": [3, 4]}\n')
    joined = transforms.run(
        documents,
        model,
        DataProcessing={"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
        TransformInput={"ContentType": "application/jsonlines"},
    )
    assert transforms.outputs(joined["TransformJobName"]) == {
        "a.jsonl.out": b'{"id":7,"SageMakerOutput":{"score":3}}\n{"id":8,"SageMakerOutput":{"score":7}}\n'
    }, joined


def test_the_container_is_told_of_the_job(transforms: Transforms, model: str) -> None:
    job = transforms.run(
        transforms.put(a_txt=b"context"),
        model,
        MaxPayloadInMB=5,
        BatchStrategy="SingleRecord",
        Environment={"COLOUR": "blue", "SIZE": "7"},
        TransformInput={"ContentType": "text/plain"},
        TransformOutput={"Accept": "application/json"},
    )
    told = json.loads(transforms.outputs(job["TransformJobName"])["a.txt.out"])
    assert (told["SAGEMAKER_BATCH"], told["SAGEMAKER_MAX_PAYLOAD_IN_MB"]) == ("true", "5")
    assert told["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in told
    assert (told["COLOUR"], told["SIZE"]) == ("blue", "7")
    headers = {name.lower(): value for name, value in told.items()}
    assert (headers["content-type"], headers["accept"]) == ("text/plain", "application/json")


def test_the_logs_tell_what_the_container_said_and_what_became_of_the_objects(transforms: Transforms) -> None:
    parameters = json.dumps({"MaxConcurrentTransforms": 3, "MaxPayloadInMB": 2, "BatchStrategy": "SINGLE_RECORD"})
    uri = transforms.put(a_csv=b"1,2\nbad\n", b_csv=b"3,4\n")
    job = transforms.run(uri, transforms.model(PARAMETERS=parameters))
    name = job["TransformJobName"]
    key = uri.removeprefix("s3://")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(f"ClientError: 1 of 2 objects failed. {key}a.csv: Bad HTTP status")
    assert "data-log" in job["FailureReason"]
    # What was whole is there, of the other nothing.
    assert transforms.outputs(name) == {"b.csv.out": b"7.0\n"}
    told = eventually(lambda: _logged(transforms, name, ends_with="/data-log"))
    assert told == [
        "MaxConcurrentTransforms=3, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD",
        f"{key}a.csv: Bad HTTP status received from algorithm: 500",
        f"{key}a.csv: no such carrier",
    ]
    stream = f"-{int(job['CreationTime'].timestamp())}"
    eventually(lambda: _logged(transforms, name, ends_with=stream) == ["the model is loaded"])


def test_a_stopped_job_ends_its_programs_and_stores_nothing(transforms: Transforms, model: str) -> None:
    name = transforms.start(transforms.put(a_csv=b"1,2", b_csv=b"wait"), model)
    _await_log(transforms, name, "waiting")
    transforms.sagemaker.stop_transform_job(TransformJobName=name)
    assert transforms.ended(name)["TransformJobStatus"] == "Stopped"
    assert transforms.outputs(name) == {}
    transforms.sagemaker.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=name)
    with pytest.raises(ClientError, match="Stopped"):
        transforms.sagemaker.stop_transform_job(TransformJobName=name)


def test_a_container_that_ends_in_the_middle_fails_the_job_with_its_last_lines(
    transforms: Transforms, model: str
) -> None:
    job = transforms.run(transforms.put(a_csv=b"1,2", b_csv=b"crash", c_csv=b"3,4"), model)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: the container ended before the job did, exit code: 9")
    assert "out of memory in layer 7" in job["FailureReason"]


@pytest.mark.parametrize("program", ["server", "client"])
def test_a_program_that_is_killed_fails_the_job(transforms: Transforms, model: str, program: str) -> None:
    name = transforms.start(transforms.put(a_csv=b"wait"), model)
    _await_log(transforms, name, "waiting")
    [folder] = (transforms.engine.folder / "processes").glob(f"transform-job.{name}.*.{program}")
    pid = lock_holder(str(folder / "lock"))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    job = transforms.ended(name)
    assert (job["TransformJobStatus"], job["FailureReason"].split(":")[0]) == ("Failed", "InternalServerError")


@pytest.mark.parametrize(
    ("objects", "changes", "words"),
    [
        ({"a_csv": b"garble"}, {}, "Unable to get response from algorithm"),
        ({"a_csv": b"1,2"}, {"TransformInput": {"CompressionType": "Gzip"}}, "not what Gzip makes"),
        ({"a_csv": gzip.compress(b"1,2" * 999)[:-9]}, {"TransformInput": {"CompressionType": "Gzip"}}, "not what Gzip"),
        ({"a_csv": b"1" * 1_048_577}, {"MaxPayloadInMB": 1}, r"larger than MaxPayloadInMB \(1 MB\)"),
        ({"a_csv": b"1,2"}, {"DataProcessing": {"InputFilter": "$[5]"}}, "leads to nothing"),
        (
            {"a_csv": b"wait"},
            {"ModelClientConfig": {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}},
            "time",
        ),
    ],
)
def test_what_cannot_be_transformed_fails_the_job_with_a_reason(
    transforms: Transforms, model: str, objects: dict[str, bytes], changes: dict[str, Any], words: str
) -> None:
    uri = transforms.put(**objects)
    job = transforms.run(uri, model, **changes)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(f"ClientError: 1 of 1 objects failed. {uri.removeprefix('s3://')}a.csv: ")
    assert re.search(words, job["FailureReason"]), job["FailureReason"]


def test_no_objects_below_the_prefix_fail_the_job(transforms: Transforms, model: str) -> None:
    job = transforms.run(f"s3://{transforms.home}/nothing/here/", model)
    assert job["TransformJobStatus"] == "Failed"
    assert f"s3://{transforms.home}/nothing/here/" in job["FailureReason"]


def test_a_container_that_does_not_come_up_fails_the_job(transforms: Transforms) -> None:
    uri = transforms.put(a_csv=b"1,2")
    job = transforms.run(uri, transforms.model(MODE="exit"))
    assert "column carrier is missing" in job["FailureReason"]
    nowhere = "000000000000.dkr.ecr.us-east-1.amazonaws.com/nothing:latest"
    assert "nothing" in transforms.run(uri, transforms.model(image=nowhere))["FailureReason"]


def test_an_image_without_serve_fails_the_job(transforms: Transforms) -> None:
    image = push_image(transforms.engine, f"empty-{uuid.uuid4().hex[:8]}", {"/opt/program/other": "#!/bin/sh\n"})
    job = transforms.run(transforms.put(a_csv=b"1,2"), transforms.model(image=image))
    assert job["TransformJobStatus"] == "Failed"
    assert "serve" in job["FailureReason"]


def test_a_container_that_never_answers_ping_fails_the_job_when_its_time_is_over(
    new_engine: Callable[..., LiveEngine],
) -> None:
    live = new_engine()
    live.start()
    transforms = Transforms(live).prepare()
    name = transforms.start(transforms.put(a_csv=b"1,2"), transforms.model(MODE="mute"))
    _await_log(transforms, name, "the model is loaded")
    of_job = "kind = 'sagemaker.transform_job'"
    database = DataFolder(live.folder).database
    eventually(lambda: _sql(database, f"SELECT * FROM timers WHERE {of_job}"))
    live.kill()
    _sql(database, f"UPDATE timers SET due_at = 0 WHERE {of_job}")  # rather than to wait for ten minutes
    live.start()
    job = transforms.ended(name)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "AlgorithmError: the container did not answer GET /ping with 200 within 600 s. "
        "Its last log lines: the model is loaded"
    )
    live.eventually(lambda: leftovers(live.folder) == [])


def test_records_are_sent_and_answers_kept_while_the_engine_is_dead(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    transforms = Transforms(live).prepare()
    name = transforms.start(transforms.put(a_csv=b"slow", b_csv=b"1,2"), transforms.model())
    _await_log(transforms, name, "slowly")
    live.kill()
    eventually(lambda: list((live.folder / "processes").glob(f"transform-job.{name}.*.client/exit.json")))
    live.start()
    assert transforms.ended(name)["TransformJobStatus"] == "Completed"
    assert transforms.outputs(name) == {"a.csv.out": b"done\n", "b.csv.out": b"3.0\n"}


def test_what_cannot_be_is_refused_at_once(transforms: Transforms, model: str) -> None:
    uri = transforms.put(a_csv=b"1,2")
    refused: list[tuple[dict[str, Any], str]] = [
        ({"model": "no-such-model"}, "Could not find model"),
        ({"MaxConcurrentTransforms": 30}, "cannot exceed 100 MB"),
        ({"DataProcessing": {"InputFilter": "$.a["}}, "JSONPath"),
        ({"DataProcessing": {"JoinSource": "Input"}, "TransformInput": {"ContentType": "image/png"}}, "text/csv"),
        ({"TransformInput": {"SplitType": "TFRecord"}}, "SplitType TFRecord"),
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}, "InstanceCount"),
        ({"DataCaptureConfig": {"DestinationS3Uri": uri}}, "DataCaptureConfig"),
    ]
    for changes, words in refused:
        with pytest.raises(ClientError, match=words):
            transforms.start(uri, **{"model": model, **changes})


def test_jobs_are_listed_and_ended_ones_leave_nothing_on_disk(transforms: Transforms, model: str) -> None:
    job = transforms.run(transforms.put(a_csv=b"1,2"), model)
    listed = transforms.sagemaker.list_transform_jobs(NameContains=job["TransformJobName"], StatusEquals="Completed")[
        "TransformJobSummaries"
    ]
    assert [one["TransformJobName"] for one in listed] == [job["TransformJobName"]]
    eventually(lambda: leftovers(transforms.engine.folder) == [])
    assert list((transforms.engine.folder / "run").glob("*-t.sock")) == []


def test_outputs_are_encrypted_with_the_key_that_the_job_names(transforms: Transforms, model: str) -> None:
    key = transforms.engine.client("kms").create_key()["KeyMetadata"]["Arn"]
    job = transforms.run(transforms.put(a_csv=b"1,2"), model, TransformOutput={"KmsKeyId": key})
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    head = transforms.s3.head_object(Bucket=transforms.home, Key=f"out/{job['TransformJobName']}/a.csv.out")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_job_that_names_a_trial_is_a_component_of_it(transforms: Transforms, model: str) -> None:
    sagemaker, name = transforms.sagemaker, f"e-{uuid.uuid4().hex[:8]}"
    sagemaker.create_experiment(ExperimentName=name)
    sagemaker.create_trial(ExperimentName=name, TrialName=name)
    job = transforms.run(
        transforms.put(a_csv=b"1,2"),
        model,
        Environment={"ROWS": "12"},
        ExperimentConfig={"ExperimentName": name, "TrialName": name},
    )
    component = f"{job['TransformJobName']}-aws-transform-job"
    listed = sagemaker.list_trial_components(TrialName=name)["TrialComponentSummaries"]
    assert [one["TrialComponentName"] for one in listed] == [component]
    told = sagemaker.describe_trial_component(TrialComponentName=component)
    assert told["Source"]["SourceType"] == "SageMakerTransformJob"
    assert told["Parameters"]["ROWS"] == {"NumberValue": 12.0}
    assert told["InputArtifacts"]["SageMaker.ModelName"]["Value"] == model


def test_the_example_of_the_questions_works(transforms: Transforms, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "faq.md").read_text()
    [example] = re.findall(r"```python\n(.*?create_transform_job.*?)```", page, re.DOTALL)
    transforms.model("flights")
    uri = transforms.put(a_csv=b"1,2")
    example = example.replace("s3://bucket/june-answers", f"{uri}out").replace("s3://bucket/june/", uri)
    keys = transforms.engine.credentials()
    for variable, value in {
        "AWS_ENDPOINT_URL": transforms.engine.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
    }.items():
        monkeypatch.setenv(variable, value)
    exec(example, {})
    bucket, prefix = uri.removeprefix("s3://").split("/", 1)
    assert transforms.s3.get_object(Bucket=bucket, Key=f"{prefix}out/a.csv.out")["Body"].read() == b"3.0\n"


def test_a_large_output_gets_its_header_and_keeps_its_key(
    transforms: Transforms, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "project" / "custom_resource"))
    add_transform_header = importlib.import_module("sagemaker_add_transform_header").add_transform_header
    key = transforms.engine.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = transforms.run(transforms.put(a_csv=b"1,2"), model)["TransformJobName"]
    place = {"Bucket": transforms.home, "Key": f"out/{name}/a.csv.out"}
    rows = b"0.25\n" * 2_000_000
    transforms.s3.put_object(**place, Body=rows, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    asked = (transforms.sagemaker, transforms.s3, {"TransformJobName": name, "Header": ["total"]})
    assert add_transform_header(*asked)["Changed"] == [f"s3://{transforms.home}/out/{name}/a.csv.out"]
    assert add_transform_header(*asked)["Changed"] == []
    found = transforms.s3.get_object(**place)
    assert found["SSEKMSKeyId"] == key
    assert found["Body"].read() == b"total\n" + rows


def test_a_state_machine_waits_for_the_job_whose_states_are_events(transforms: Transforms, model: str) -> None:
    uri, name = transforms.put(a_csv=b"1,2"), f"job-{uuid.uuid4().hex[:8]}"
    engine = transforms.engine
    queue = _events_to_a_log_group(engine, name)
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}},
            "TransformOutput": {"S3OutputPath": f"s3://{transforms.home}/out/{name}"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        },
        "End": True,
    }
    sfn = engine.client("stepfunctions")
    machine = sfn.create_state_machine(
        name=name, definition=json.dumps({"StartAt": "T", "States": {"T": state}}), roleArn=role(engine, "workflow")
    )
    arn = sfn.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    eventually(lambda: sfn.describe_execution(executionArn=arn)["status"] != "RUNNING")
    found = sfn.describe_execution(executionArn=arn)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["TransformJobStatus"] == "Completed"
    logs = engine.client("logs")

    def told() -> list[str]:
        events = [json.loads(one["message"]) for one in logs.filter_log_events(logGroupName=queue)["events"]]
        return [event["detail"]["TransformJobStatus"] for event in events]

    assert eventually(lambda: told() if len(told()) == 2 else None) == ["InProgress", "Completed"]


def _events_to_a_log_group(engine: LiveEngine, name: str) -> str:
    """Where the events of this job are."""
    group = f"/aws/events/{name}"
    engine.client("logs").create_log_group(logGroupName=group)
    events = engine.client("events")
    pattern = {"detail-type": ["SageMaker Transform Job State Change"], "detail": {"TransformJobName": [name]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    target = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    events.put_targets(Rule=name, Targets=[{"Id": "log", "Arn": target}])
    return group


def _logged(transforms: Transforms, name: str, ends_with: str) -> list[str]:
    """What the job's log stream of that end holds, without the time stamps of the data log."""
    found = transforms.engine.client("logs").filter_log_events(logGroupName=GROUP, logStreamNamePrefix=f"{name}/i-")
    messages = [event["message"] for event in found["events"] if event["logStreamName"].endswith(ends_with)]
    return [message.partition("[sagemaker logs]: ")[2] or message for message in messages]


def _sql(database: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(statement).fetchall()


def _await_log(transforms: Transforms, name: str, words: str) -> None:
    logs: Path = transforms.engine.folder / "logs"
    eventually(lambda: any(words in path.read_text() for path in logs.glob(f"transform-job.{name}.*.server.log")))
