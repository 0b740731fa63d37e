"""SageMaker's captured data, to the letter."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import pytest

from mlsystem.engine.dataplane.captured import Captured, CaptureForm, captured_key, event_id, is_sampled

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import DataCaptureConfigTypeDef

RECORD = Captured(
    endpoint="flights",
    variant="AllTraffic",
    started_ms=1650241308714,
    request_id="5583e4f4-1b01-4212-82e1-908e6b6fa770",
    status=200,
    request=b"132,10,182.9",
    response=b"0.036",
    request_type="text/csv",
    response_type="text/csv; charset=utf-8",
)
CONFIG: DataCaptureConfigTypeDef = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/datacapture",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
}


def test_a_csv_invocation_is_written_as_sagemaker_writes_it() -> None:
    assert CaptureForm(CONFIG).line(RECORD, "e-1") == (
        '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"132,10,182.9",'
        '"encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT",'
        '"data":"0.036","encoding":"CSV"}},"eventMetadata":{"eventId":"e-1","inferenceTime":"2022-04-18T00:21:48Z"},'
        '"eventVersion":"0"}'
    )


def test_what_the_caller_sent_along_is_in_the_metadata() -> None:
    line = json.loads(CaptureForm(CONFIG).line(RECORD._replace(inference_id="i-1", custom_attributes="c=1"), "e-1"))
    assert list(line["eventMetadata"].items()) == [
        ("eventId", "e-1"),
        ("customAttributes", ["c=1"]),
        ("inferenceId", "i-1"),
        ("inferenceTime", "2022-04-18T00:21:48Z"),
    ]


@pytest.mark.parametrize(
    ("content_type", "body", "encoding", "data"),
    [
        ("text/csv", b"1,2\n3,4\n", "CSV", "1,2\n3,4\n"),
        ("TEXT/CSV; header=present", b"1", "CSV", "1"),
        ("application/json", '{"a":"é"}'.encode(), "JSON", '{"a":"é"}'),
        ("application/json", b"\xff\xfe", "BASE64", "//4="),
        ("image/png", b"\x89PNG", "BASE64", "iVBORw=="),
        ("application/octet-stream", b"", "BASE64", ""),
    ],
)
def test_the_content_type_decides_the_encoding(content_type: str, body: bytes, encoding: str, data: str) -> None:
    line = json.loads(CaptureForm(CONFIG).line(RECORD._replace(request=body, request_type=content_type), "e-1"))
    assert line["captureData"]["endpointInput"] == {
        "observedContentType": content_type,
        "mode": "INPUT",
        "data": data,
        "encoding": encoding,
    }


def test_without_listed_content_types_everything_is_base64() -> None:
    config: DataCaptureConfigTypeDef = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    data = json.loads(CaptureForm(config).line(RECORD, "e-1"))["captureData"]
    assert {side["encoding"] for side in data.values()} == {"BASE64"}
    assert list(data) == ["endpointInput", "endpointOutput"]


@pytest.mark.parametrize(("mode", "side"), [("Input", "endpointInput"), ("Output", "endpointOutput")])
def test_only_the_configured_side_is_written(mode: str, side: str) -> None:
    config = {**CONFIG, "CaptureOptions": [{"CaptureMode": mode}]}
    assert list(json.loads(CaptureForm(config).line(RECORD, "e"))["captureData"]) == [side]  # type: ignore[arg-type]


def test_a_body_that_was_too_large_to_keep_is_left_out() -> None:
    assert list(json.loads(CaptureForm(CONFIG).line(RECORD._replace(response=None), "e"))["captureData"]) == [
        "endpointInput"
    ]


def test_files_are_named_by_the_hour_in_utc() -> None:
    at = datetime(2026, 3, 1, 1, 5, 9, 7000, tzinfo=timezone(timedelta(hours=2)))
    expected = "datacapture/flights/AllTraffic/2026/02/28/23/05-09-007-u.jsonl"
    assert captured_key("datacapture/", "flights", "AllTraffic", at, "u") == expected
    assert captured_key("", "f", "A", at.astimezone(UTC), "u") == "f/A/2026/02/28/23/05-09-007-u.jsonl"


def test_a_record_keeps_its_event_id_and_no_other_has_it() -> None:
    file = Path("/anywhere/captured-1.sealed")
    assert event_id(file, 0) == event_id(Path("/elsewhere/captured-1.sealed"), 0)
    assert event_id(file, 7) == str(uuid5(UUID("6e1ad4b8-0b54-4c0e-9d8c-6a2a1c7f6b11"), f"{file.name}:7"))
    assert len({event_id(file, 0), event_id(file, 1), event_id(Path("captured-2.sealed"), 0)}) == 3


def test_sampling_takes_its_share_and_decides_alike_each_time() -> None:
    ids = [f"request-{n}" for n in range(4000)]
    chosen = {request_id for request_id in ids if is_sampled(request_id, 25)}
    assert 900 < len(chosen) < 1100
    assert chosen == {request_id for request_id in ids if is_sampled(request_id, 25)}
    assert chosen <= {request_id for request_id in ids if is_sampled(request_id, 60)}
    assert all(is_sampled(request_id, 100) for request_id in ids)
    assert not any(is_sampled(request_id, 0) for request_id in ids)
