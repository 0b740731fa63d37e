"""Multipart uploads through boto3."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine

NUMBERS = itertools.count(1)
SMALLEST = 5 * 1024 * 1024


@pytest.fixture
def s3(engine: LiveEngine) -> Any:
    return engine.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"parts-{next(NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name


class Upload:
    """One upload of the object `k`."""

    def __init__(self, s3: Any, bucket: str, **request: Any):
        self.s3 = s3
        self.bucket = bucket
        self.id = s3.create_multipart_upload(Bucket=bucket, Key="k", **request)["UploadId"]
        self.named = {"Bucket": bucket, "Key": "k", "UploadId": self.id}
        self.parts: dict[int, dict[str, Any]] = {}

    def put(self, number: int, data: bytes, **request: Any) -> dict[str, Any]:
        done: dict[str, Any] = self.s3.upload_part(**self.named, PartNumber=number, Body=data, **request)
        checksums = {name: value for name, value in done.items() if name in ("ChecksumCRC32", "ChecksumSHA256")}
        self.parts[number] = {"PartNumber": number, "ETag": done["ETag"], **checksums}
        return done

    def complete(self, *numbers: int, **request: Any) -> dict[str, Any]:
        parts = [self.parts[number] for number in numbers or sorted(self.parts)]
        done: dict[str, Any] = self.s3.complete_multipart_upload(
            **self.named, MultipartUpload={"Parts": parts}, **request
        )
        return done

    def read(self) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key="k")["Body"].read())


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_parts_in_any_order_become_one_object(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket, ContentType="text/csv", Metadata={"a": "b"}, Tagging="t=1")
    upload.put(3, b"end")
    upload.put(1, b"a" * SMALLEST)
    upload.put(2, b"b" * SMALLEST)
    assert code_of(lambda: s3.head_object(Bucket=bucket, Key="k")) == "404"
    done = upload.complete()
    digests = b"".join(hashlib.md5(data).digest() for data in (b"a" * SMALLEST, b"b" * SMALLEST, b"end"))
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert upload.read() == b"a" * SMALLEST + b"b" * SMALLEST + b"end"
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentType"], head["Metadata"], head["TagCount"]) == ("text/csv", {"a": "b"}, 1)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_ranges_cross_the_borders_of_parts(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"a" * SMALLEST)
    upload.put(2, b"bcd")
    upload.complete()
    got = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={SMALLEST - 2}-{SMALLEST + 1}")
    assert got["Body"].read() == b"aabc"
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (b"bcd", 2)
    assert code_of(lambda: s3.get_object(Bucket=bucket, Key="k", PartNumber=3)) == "InvalidPartNumber"


def test_a_part_that_is_uploaded_again_replaces_the_first(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"first")
    upload.put(1, b"second")
    assert [part["Size"] for part in s3.list_parts(**upload.named)["Parts"]] == [6]
    upload.complete()
    assert upload.read() == b"second"


def test_parts_that_are_not_named_are_left_out(s3: Any, bucket: str, engine: LiveEngine) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"kept")
    upload.put(2, b"left out")
    files = len(list((engine.folder / "objects").glob("*/*")))
    upload.complete(1)
    assert upload.read() == b"kept"
    assert len(list((engine.folder / "objects").glob("*/*"))) == files - 1


def test_an_object_is_replaced_only_when_the_upload_completes(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    upload = Upload(s3, bucket)
    upload.put(1, b"new")
    assert upload.read() == b"old"
    upload.complete()
    assert upload.read() == b"new"


def test_an_aborted_upload_is_gone_with_its_parts(s3: Any, bucket: str, engine: LiveEngine) -> None:
    before = len(list((engine.folder / "objects").glob("*/*")))
    upload = Upload(s3, bucket)
    upload.put(1, b"x")
    s3.abort_multipart_upload(**upload.named)
    assert code_of(lambda: upload.put(2, b"y")) == "NoSuchUpload"
    assert code_of(upload.complete) == "NoSuchUpload"
    assert len(list((engine.folder / "objects").glob("*/*"))) == before


def test_wrong_lists_of_parts_are_refused_and_change_nothing(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"small")
    upload.put(2, b"small too")
    assert code_of(lambda: upload.complete(2, 1)) == "InvalidPartOrder"
    assert code_of(lambda: upload.complete(1, 2)) == "EntityTooSmall"
    upload.parts[1]["ETag"] = '"0"'
    assert code_of(lambda: upload.complete(1)) == "InvalidPart"
    assert len(s3.list_parts(**upload.named)["Parts"]) == 2


def test_conditions_and_stated_sizes_are_checked_on_completing(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    upload = Upload(s3, bucket)
    upload.put(1, b"new")
    assert code_of(lambda: upload.complete(IfNoneMatch="*")) == "PreconditionFailed"
    assert code_of(lambda: upload.complete(MpuObjectSize=4)) == "InvalidRequest"
    assert upload.read() == b"old"
    upload.complete(MpuObjectSize=3)


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("SHA256", "COMPOSITE"), ("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT")]
)
def test_the_checksum_of_the_object_comes_from_its_parts(s3: Any, bucket: str, algorithm: str, kind: str) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    upload.put(1, b"a" * SMALLEST, ChecksumAlgorithm=algorithm)
    upload.put(2, b"b", ChecksumAlgorithm=algorithm)
    done = upload.complete()
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == done[f"Checksum{algorithm}"]
    assert head["ChecksumType"] == kind
    whole = s3.put_object(Bucket=bucket, Key="whole", Body=b"a" * SMALLEST + b"b", ChecksumAlgorithm=algorithm)
    assert (whole[f"Checksum{algorithm}"] == head[f"Checksum{algorithm}"]) is (kind == "FULL_OBJECT")


def test_parts_can_be_copied_from_objects(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789" * 600_000)
    upload = Upload(s3, bucket)
    source = {"Bucket": bucket, "Key": "source"}
    for number, request in enumerate([{}, {"CopySourceRange": "bytes=10-14"}], start=1):
        copied = s3.upload_part_copy(**upload.named, PartNumber=number, CopySource=source, **request)
        upload.parts[number] = {"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]}
    beyond = {"CopySource": source, "CopySourceRange": "bytes=0-99999999"}
    assert code_of(lambda: s3.upload_part_copy(**upload.named, PartNumber=3, **beyond)) == "InvalidArgument"
    upload.complete()
    assert upload.read() == b"0123456789" * 600_000 + b"01234"


def test_uploads_and_parts_are_listed_in_pages(s3: Any, bucket: str) -> None:
    uploads = [s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("a", "a", "b/1", "b/2")]
    pages = list(s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3}))
    assert [upload["UploadId"] for page in pages for upload in page["Uploads"]] == uploads
    grouped = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in grouped["CommonPrefixes"]] == ["b/"]
    for number in range(1, 6):
        s3.upload_part(Bucket=bucket, Key="a", UploadId=uploads[0], PartNumber=number, Body=b"x")
    paginator = s3.get_paginator("list_parts")
    parts = paginator.paginate(Bucket=bucket, Key="a", UploadId=uploads[0], PaginationConfig={"PageSize": 2})
    assert [part["PartNumber"] for page in parts for part in page["Parts"]] == [1, 2, 3, 4, 5]


def test_attributes_tell_of_parts(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"a" * SMALLEST)
    upload.put(4, b"b")
    upload.complete()
    wanted = ["ETag", "ObjectParts", "ObjectSize", "StorageClass"]
    told = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=wanted)
    assert told["ObjectSize"] == SMALLEST + 1
    assert told["ObjectParts"]["TotalPartsCount"] == 2
    parts = [(part["PartNumber"], part["Size"]) for part in told["ObjectParts"]["Parts"]]
    assert parts == [(1, SMALLEST), (4, 1)]


def test_a_copy_of_an_object_of_parts_has_the_md5_of_its_bytes(s3: Any, bucket: str) -> None:
    upload = Upload(s3, bucket)
    upload.put(1, b"a" * SMALLEST)
    upload.put(2, b"b")
    upload.complete()
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    assert s3.head_object(Bucket=bucket, Key="copy")["ETag"] == f'"{hashlib.md5(b"a" * SMALLEST + b"b").hexdigest()}"'


def test_a_bucket_is_deleted_with_its_unfinished_uploads(s3: Any, bucket: str, engine: LiveEngine) -> None:
    before = len(list((engine.folder / "objects").glob("*/*")))
    Upload(s3, bucket).put(1, b"x")
    s3.delete_bucket(Bucket=bucket)
    assert len(list((engine.folder / "objects").glob("*/*"))) == before
