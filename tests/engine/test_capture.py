"""Captured invocations in S3: every one, once each, as SageMaker writes them, also when the engine is killed in the middle."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine, eventually
from tests.serving import Serving

KEY = r"captured/{0}/AllTraffic/\d{{4}}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl"


def _capturing(serving: Serving, **changes: Any) -> str:
    """An endpoint that captures everything below `captured` in the bucket of its model."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{serving.home}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        **changes,
    }
    return serving.endpoint(serving.simple_config(DataCaptureConfig=capture))


def _lines(serving: Serving, endpoint: str) -> list[dict[str, Any]]:
    s3 = serving.engine.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=serving.home, Prefix=f"captured/{endpoint}/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    assert all(re.fullmatch(KEY.format(endpoint), key) for key in keys), keys
    bodies = [s3.get_object(Bucket=serving.home, Key=key)["Body"].read().decode() for key in keys]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


@pytest.fixture(scope="module")
def serving(engine: LiveEngine) -> Serving:
    return Serving(engine)


def test_every_invocation_is_captured_once_as_sagemaker_writes_it(serving: Serving) -> None:
    name = _capturing(serving)
    for number in range(30):
        serving.invoke(name, f"{number}", InferenceId=f"id-{number}", CustomAttributes="a=1")
    eventually(lambda: len(_lines(serving, name)) >= 30)
    lines = _lines(serving, name)
    assert sorted(line["captureData"]["endpointInput"]["data"] for line in lines) == sorted(map(str, range(30)))
    assert len({line["eventMetadata"]["eventId"] for line in lines}) == 30
    first = next(line for line in lines if line["eventMetadata"]["inferenceId"] == "id-7")
    assert first["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "7",
        "encoding": "CSV",
    }
    assert first["captureData"]["endpointOutput"]["data"] == "hello,1,7"
    assert first["eventMetadata"]["customAttributes"] == ["a=1"]
    assert first["eventVersion"] == "0"
    serving.delete(name)


def test_what_was_captured_last_is_shipped_before_the_endpoint_goes(serving: Serving) -> None:
    name = _capturing(serving, CaptureContentTypeHeader={"JsonContentTypes": ["application/json"]})
    serving.invoke(name, b"the last")
    serving.delete(name)
    data = _lines(serving, name)[0]["captureData"]["endpointInput"]
    assert (data["encoding"], base64.b64decode(data["data"])) == ("BASE64", b"the last")


def test_errors_are_not_captured(serving: Serving) -> None:
    name = _capturing(serving)
    with pytest.raises(ClientError):
        serving.invoke(name, b"fail")
    serving.invoke(name, b"well")
    serving.delete(name)
    assert [line["captureData"]["endpointInput"]["data"] for line in _lines(serving, name)] == ["well"]


def test_an_endpoint_says_what_it_captures(serving: Serving) -> None:
    name = _capturing(serving, InitialSamplingPercentage=40)
    found = serving.sagemaker.describe_endpoint(EndpointName=name)["DataCaptureConfig"]
    assert (found["EnableCapture"], found["CaptureStatus"], found["CurrentSamplingPercentage"]) == (True, "Started", 40)
    serving.delete(name)


@pytest.mark.parametrize("point", ["sagemaker.captured.put", "sagemaker.captured.shipped"])
def test_a_kill_while_shipping_loses_and_repeats_nothing(new_engine: Callable[..., LiveEngine], point: str) -> None:
    live = new_engine()
    live.start({"MLSYSTEM_KILL_AT": point})
    serving = Serving(live)
    name = _capturing(serving)
    sent = []
    try:
        for number in range(1000):
            serving.invoke(name, f"{number}")
            sent.append(f"{number}")
            if live.process is None or live.process.poll() is not None:
                break
    finally:
        live.await_death()
    # The front door and the instance serve on while the engine is dead, and what passes is captured.
    for number in range(1000, 1020):
        serving.invoke(name, f"{number}")
        sent.append(f"{number}")
    live.start()
    eventually(lambda: len(_lines(serving, name)) >= len(sent))
    assert sorted(line["captureData"]["endpointInput"]["data"] for line in _lines(serving, name)) == sorted(sent)


def _dropped(live: LiveEngine, endpoint: str) -> float:
    """As the engine's own metric counts them."""
    now = datetime.now(UTC)
    found = live.client("cloudwatch").get_metric_statistics(
        Namespace="MLSystem/Endpoints",
        MetricName="CapturesDropped",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in found))


def test_what_the_bucket_refuses_is_lost_and_counted(serving: Serving) -> None:
    name = _capturing(serving, DestinationS3Uri="s3://no-such-bucket/captured")
    for number in range(7):
        serving.invoke(name, f"{number}")
    eventually(lambda: _dropped(serving.engine, name) == 7)
    serving.delete(name)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk with less room than captures must leave; a short path, for the sockets below it."""
    if os.geteuid() != 0:
        pytest.skip("not run: only root may mount a small disk")
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=250m", "none", folder], check=True)
        yield Path(folder)
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_where_the_disk_is_nearly_full_captures_give_way_to_requests(small_disk: Path) -> None:
    live = LiveEngine(small_disk / "engine")
    try:
        live.start()
        serving = Serving(live)
        name = _capturing(serving)
        answers = [serving.invoke(name, f"{number}") for number in range(50)]
        assert len(answers) == 50
        eventually(lambda: _dropped(live, name) == 50)
        assert _lines(serving, name) == []
        assert "dropped" in live.log()
    finally:
        live.stop()
