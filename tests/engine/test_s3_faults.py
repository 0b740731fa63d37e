"""S3 when the engine is killed, and when its disk is full: what was acknowledged is whole, what was not leaves nothing."""

from __future__ import annotations

import itertools
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.killpoints import Harness
from tests.live import LiveEngine, eventually

PART = b"p" * (5 * 1024 * 1024)


class Changes:
    """An object is replaced, one is deleted, and one is made of parts."""

    essential: tuple[str, ...] = (
        "s3.PutObject.in_place",
        "s3.PutObject.after_commit",
        "s3.CompleteMultipartUpload.before_commit",
    )

    def prepare(self, live: LiveEngine) -> None:
        s3 = live.client("s3")
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="replaced", Body=b"old")
        s3.put_object(Bucket="data", Key="deleted", Body=b"old")
        s3.put_object(Bucket="data", Key="untouched", Body=b"old")

    def act(self, live: LiveEngine) -> None:
        s3 = live.client("s3")
        s3.put_object(Bucket="data", Key="replaced", Body=b"new")
        s3.delete_object(Bucket="data", Key="deleted")
        upload = {"Bucket": "data", "Key": "parts"}
        upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
        etags = [
            s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"] for number, body in ((1, PART), (2, b"end"))
        ]
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    def settle(self, live: LiveEngine) -> None:
        s3 = live.client("s3")
        for upload in s3.list_multipart_uploads(Bucket="data").get("Uploads", []):
            s3.abort_multipart_upload(Bucket="data", Key=upload["Key"], UploadId=upload["UploadId"])

    def check(self, live: LiveEngine) -> None:
        s3 = live.client("s3")
        found = {
            entry["Key"]: s3.get_object(Bucket="data", Key=entry["Key"])["Body"].read()
            for entry in s3.list_objects_v2(Bucket="data")["Contents"]
        }
        assert found == {"replaced": b"new", "untouched": b"old", "parts": PART + b"end"}
        assert _files(live.folder) == 4


def _files(folder: Path) -> int:
    """The number of bodies on disk; none may lie aside."""
    assert list((folder / "incoming").iterdir()) == []
    return len(list((folder / "objects").glob("*/*")))


def test_an_object_is_old_or_new_whenever_the_engine_dies(tmp_path: Path) -> None:
    Harness(tmp_path, Changes()).visit()


def test_what_was_acknowledged_under_load_is_whole_after_a_crash(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    clients = [live.client("s3", read_timeout=30) for _ in range(3)]
    clients[0].create_bucket(Bucket="data")
    acknowledged: dict[str, bytes] = {}
    tried: dict[str, bytes] = {}

    def write(writer: int) -> None:
        for number in itertools.count():
            key, body = f"{writer}/{number}", bytes([writer + 1, number % 256]) * 40_000
            tried[key] = body
            try:
                clients[writer].put_object(Bucket="data", Key=key, Body=body)
            except (BotoCoreError, ClientError):
                return
            acknowledged[key] = body

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(len(clients))]
    for writer in writers:
        writer.start()
    eventually(lambda: len(acknowledged) >= 60)
    live.kill()
    for writer in writers:
        writer.join()
    live.start()
    s3 = live.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="data")
    found = {
        entry["Key"]: s3.get_object(Bucket="data", Key=entry["Key"])["Body"].read()
        for page in pages
        for entry in page["Contents"]
    }
    assert set(acknowledged) <= set(found)
    assert all(tried[key] == body for key, body in found.items())
    assert _files(live.folder) == len(found)


def _code_and_status(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_full_disk_is_told_as_507_and_leaves_nothing(new_engine: Callable[..., LiveEngine]) -> None:
    """The limit on the size of a file stands for the disk: writing beyond it fails like writing to a full one."""
    live = new_engine()
    live.start()
    assert live.process is not None
    pid = live.process.pid
    s3 = live.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="k", Body=b"old")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    big = b"x" * 2_000_000
    assert _code_and_status(lambda: s3.put_object(Bucket="data", Key="k", Body=big)) == ("InsufficientStorage", 507)
    assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"old"
    assert _files(live.folder) == 1
    # Now not even the database can grow.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    code, status = _code_and_status(lambda: s3.delete_object(Bucket="data", Key="k"))
    assert status == 507, code
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    s3.put_object(Bucket="data", Key="k", Body=big)
    assert s3.get_object(Bucket="data", Key="k")["Body"].read() == big
    assert _files(live.folder) == 1
