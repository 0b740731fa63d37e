"""CloudWatch Logs: what is put is found again, and what a process writes is followed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.decide.log_filter import parse_filter
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role


def _group(engine: LiveEngine) -> str:
    name = f"/test/{uuid.uuid4().hex[:8]}"
    engine.client("logs").create_log_group(logGroupName=name)
    engine.client("logs").create_log_stream(logGroupName=name, logStreamName="s")
    return name


def _put(engine: LiveEngine, group: str, *messages: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now + index, "message": text} for index, text in enumerate(messages)]
    engine.client("logs").put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def test_what_is_put_is_read_in_order(engine: LiveEngine) -> None:
    group = _group(engine)
    _put(engine, group, "one", "two", "drei ü")
    answer = engine.client("logs").get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)
    assert [event["message"] for event in answer["events"]] == ["one", "two", "drei ü"]
    again = engine.client("logs").get_log_events(
        logGroupName=group, logStreamName="s", nextToken=answer["nextForwardToken"]
    )
    assert again["events"] == []
    assert again["nextForwardToken"] == answer["nextForwardToken"]


def test_without_start_from_head_the_latest_come(engine: LiveEngine) -> None:
    group = _group(engine)
    _put(engine, group, *(str(number) for number in range(10)))
    answer = engine.client("logs").get_log_events(logGroupName=group, logStreamName="s", limit=3)
    assert [event["message"] for event in answer["events"]] == ["7", "8", "9"]


def test_a_filter_finds_terms_across_pages(engine: LiveEngine) -> None:
    group = _group(engine)
    _put(engine, group, "ERROR disk", "INFO fine", "ERROR net", "WARN ERROR old")
    pages = (
        engine.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=group, filterPattern="ERROR -old", PaginationConfig={"PageSize": 1})
    )
    assert [event["message"] for page in pages for event in page["events"]] == ["ERROR disk", "ERROR net"]


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("a b", "b and a", True),
        ("a b", "only a", False),
        ('"a b"', "b a", False),
        ("?x ?y", "has y", True),
        ("?x ?y", "has z", False),
        ("a -b", "a b", False),
    ],
)
def test_terms_of_a_filter(pattern: str, message: str, expected: bool) -> None:
    assert parse_filter(pattern).matches(message) is expected


def test_events_out_of_order_are_refused(engine: LiveEngine) -> None:
    group = _group(engine)
    events = [{"timestamp": 2000, "message": "b"}, {"timestamp": 1000, "message": "a"}]
    with pytest.raises(ClientError, match="chronological"):
        engine.client("logs").put_log_events(logGroupName=group, logStreamName="s", logEvents=events)


def test_a_missing_stream_is_named(engine: LiveEngine) -> None:
    with pytest.raises(ClientError, match="nothing in") as error:
        engine.client("logs").get_log_events(logGroupName=_group(engine), logStreamName="nothing")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


CHATTER = """#!/usr/bin/env python3
import pathlib, time
print("first line", flush=True)
while not pathlib.Path("/opt/ml/input/data/train/go").exists():
    time.sleep(0.05)
print("last line without an end", end="", flush=True)
"""


def test_a_jobs_log_is_followed_while_it_runs_and_is_whole_after_a_crash(
    new_engine: Callable[..., LiveEngine], tmp_path: Path
) -> None:
    live = new_engine()
    live.start()
    s3, sagemaker = live.client("s3"), live.client("sagemaker")
    s3.create_bucket(Bucket="chatter")
    s3.put_object(Bucket="chatter", Key="in/x", Body=b"x")
    image = push_image(live, "chatter", {"/opt/program/train": CHATTER})
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://chatter/in"}}
    sagemaker.create_training_job(
        TrainingJobName="chatter",
        RoleArn=role(live, "trainer"),
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        InputDataConfig=[{"ChannelName": "train", "DataSource": source}],
        OutputDataConfig={"S3OutputPath": "s3://chatter/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    assert eventually(lambda: _messages(live)) == ["first line"]
    live.kill()
    live.start()
    tree = next((live.folder / "work" / "jobs").glob("training-job.chatter.*"))
    (tree / "ml" / "input" / "data" / "train" / "go").touch()
    eventually(lambda: len(_messages(live)) == 2)
    assert _messages(live) == ["first line", "last line without an end"]


def _messages(live: LiveEngine) -> list[str]:
    logs = live.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/TrainingJobs")["logGroups"]
    if not groups:
        return []
    return [event["message"] for event in logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs")["events"]]
