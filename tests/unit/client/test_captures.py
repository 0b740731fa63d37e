"""Captured records come newest first, each once, however many there are; and nobody reads beside them."""

from __future__ import annotations

import base64
import io
import json
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from mlsystem.client import captures as module
from mlsystem.client.captured_record import read_line
from mlsystem.client.captures import FILES, RECORDS, Captures, Cursor, read_cursor
from mlsystem.client.connection import Connection
from mlsystem.client.endpoint import Capture
from mlsystem.client.errors import NotFound

PREFIX = "demo/capture/e-prd/AllTraffic/"
HOUR = "2026/01/31/23"


class Bucket:
    """S3 with these objects. `pages` are the keys that a list without a delimiter asked for."""

    target, home = "local", "~"

    def __init__(self, objects: dict[str, bytes]):
        self.objects = {PREFIX + name: body for name, body in objects.items()}
        self.read: list[str] = []
        self.lists = 0

    def client(self, _service: str) -> Bucket:
        return self

    def list_objects_v2(self, Bucket: str, Prefix: str, Delimiter: str = "") -> dict[str, Any]:
        assert Bucket == "b"
        self.lists += 1
        found = sorted(key for key in self.objects if key.startswith(Prefix))
        if not Delimiter:
            return {"Contents": [{"Key": key} for key in found]}
        parts = {key[: key.index(Delimiter, len(Prefix)) + 1] for key in found if Delimiter in key[len(Prefix) :]}
        return {"CommonPrefixes": [{"Prefix": part} for part in sorted(parts)]}

    def get_paginator(self, _operation: str) -> Bucket:
        return self

    def paginate(self, **request: str) -> list[dict[str, Any]]:
        return [self.list_objects_v2(**request)]

    def get_object(self, Bucket: str, Key: str, Range: str) -> dict[str, Any]:
        self.read.append(Key)
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")
        body, most = self.objects[Key], int(Range.rpartition("-")[2])
        return {"Body": io.BytesIO(body[-most:]), "ContentRange": f"bytes 0-1/{len(body)}"}


def line(name: str, **members: Any) -> bytes:
    given = {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2\n", "encoding": "CSV", **members}
    data = {"endpointInput": given, "endpointOutput": {**given, "data": "0.5\n"}}
    about = {"eventId": f"event-{name}", "inferenceId": name, "inferenceTime": "2026-01-31T23:00:00Z"}
    return json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"}).encode()


def files(count: int, each: int) -> dict[str, bytes]:
    """Of one hour, a file a second; the records are numbered in their order."""
    names = [f"{HOUR}/{number // 60:02}-{number % 60:02}-000-x.jsonl" for number in range(count)]
    return {
        name: b"\n".join(line(str(number * each + at)) for at in range(each)) + b"\n"
        for number, name in enumerate(names)
    }


def of(bucket: Bucket) -> Captures:
    capture = Capture(is_on=True, percent=100, uri="s3://b/demo/capture", key="")
    return Captures(cast(Connection, bucket), capture, "e-prd", "AllTraffic")


@pytest.mark.parametrize(("count", "each"), [(1, 3), (1, 60), (5, RECORDS), (90, 1), (130, 7)])
def test_pages_lead_from_the_newest_record_to_the_oldest_and_show_each_once(count: int, each: int) -> None:
    captures = of(Bucket(files(count, each)))
    seen: list[int] = []
    cursor = Cursor()
    while True:
        found = captures.page(HOUR, cursor)
        assert len(found.records) <= RECORDS
        seen += [int(record.inference_id) for record in found.records]
        if not found.next.key:
            break
        cursor = read_cursor(str(found.next))
        assert cursor == found.next
    assert seen == list(reversed(range(count * each)))


def test_a_page_reads_few_files_however_many_the_hour_has() -> None:
    bucket = Bucket(files(3600, 1))
    of(bucket).page(HOUR, Cursor())
    assert len(bucket.read) <= FILES
    assert bucket.lists <= 2


def test_a_record_is_found_by_its_inference_id_and_a_search_that_is_not_over_goes_on() -> None:
    captures = of(Bucket(files(FILES + 5, 2)))
    assert [one.inference_id for one in captures.page(HOUR, Cursor(), "20").records] == ["20"]
    first = captures.page(HOUR, Cursor(), "1")
    assert (first.records, first.files) == ((), FILES)
    assert [one.inference_id for one in captures.page(HOUR, first.next, "1").records] == ["1"]


def test_the_newest_hour_and_the_days_beside_one_are_found_over_months_and_years() -> None:
    hours = ("2024/12/30/07", "2026/01/31/05", HOUR, "2026/03/02/00")
    captures = of(Bucket({f"{hour}/00-00-000-x.jsonl": line("1") for hour in hours}))
    assert captures.newest_hour() == "2026/03/02/00"
    assert captures.hours("2026/01/31") == [HOUR, "2026/01/31/05"]
    assert captures.neighbours("2026/01/31") == ("2024/12/30", "2026/03/02")
    assert captures.neighbours("2024/12/30") == ("", "2026/01/31")
    assert captures.neighbours("2026/03/02") == ("2026/01/31", "")


def test_an_endpoint_of_which_nothing_was_captured_has_no_hour() -> None:
    assert of(Bucket({})).newest_hour() == ""


@pytest.mark.parametrize("key", ["../../../secret.jsonl", "2026/01/31/23/../../x", "2026/01/31/x/y", "", "secret"])
def test_nothing_beside_the_captured_records_is_read(key: str) -> None:
    bucket = Bucket({})
    with pytest.raises(NotFound):
        of(bucket).record(key, 0)
    assert bucket.read == []
    assert read_cursor(f"{key}:3") == Cursor()


def test_of_a_file_that_is_too_large_its_newest_records_are_shown_and_keep_their_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_READ", 900)
    captures = of(Bucket(files(1, 50)))
    found = captures.page(HOUR, Cursor())
    assert found.cut == 1
    assert [one.inference_id for one in found.records] == ["49", "48"]
    last = found.records[-1]
    assert captures.record(last.key, last.line).inference_id == "48"


def test_a_body_that_was_captured_as_base64_is_what_was_sent() -> None:
    image = bytes(range(256))
    members = {"data": base64.b64encode(image).decode(), "encoding": "BASE64", "observedContentType": "image/png"}
    found = read_line(line("1", **members), "k", 0).input
    assert found is not None
    assert found.data == image
    assert not found.is_text
    assert found.text().startswith("00 01 02")


def test_json_is_shown_with_its_structure_and_what_is_none_as_it_is() -> None:
    members = {"data": '{"a":[1]}', "observedContentType": "application/json"}
    found = read_line(line("1", **members), "k", 0).input
    assert found is not None
    assert found.pretty == '{\n  "a": [\n    1\n  ]\n}'
    broken = read_line(line("1", data="{", observedContentType="application/json"), "k", 0).input
    assert broken is not None
    assert broken.pretty == "{"


def test_a_line_that_cannot_be_read_is_told_and_hides_no_other() -> None:
    body = b"\n".join([line("1"), b"{}", b"not json", line("2")])
    found = of(Bucket({f"{HOUR}/00-00-000-x.jsonl": body})).page(HOUR, Cursor())
    assert [one.inference_id for one in found.records] == ["2", "", "", "1"]
    assert [bool(one.problem) for one in found.records] == [False, True, True, False]
