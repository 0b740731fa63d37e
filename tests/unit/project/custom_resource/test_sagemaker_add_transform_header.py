"""Add Transform Header puts a line before what a transform job wrote, once."""

from __future__ import annotations

from typing import Any

import pytest
import sagemaker_add_transform_header as module
from botocore.exceptions import ClientError
from s3_object import EvidenceError
from sagemaker_add_transform_header import add_transform_header

from tests.aws.clients import body

EVENT = {"TransformJobName": "batch-1", "Header": "late,probability"}
ROWS = b"1,0.9\n0,0.2\n"


class Job:
    """SageMaker with one job."""

    def __init__(self, status: str = "Completed", accept: str = "", content_type: str = "text/csv"):
        self._job = {
            "TransformJobStatus": status,
            "TransformInput": {"ContentType": content_type},
            "TransformOutput": {"S3OutputPath": "s3://artifacts/transform", **({"Accept": accept} if accept else {})},
        }

    def describe_transform_job(self, TransformJobName: str) -> dict[str, Any]:
        assert TransformJobName == "batch-1"
        return self._job


class Objects:
    """S3 as far as it is used: one bucket, objects by key, with their metadata and a tag that changes with each write."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = {f"transform/{name}.out": content for name, content in contents.items()}
        self.others: dict[str, dict[str, Any]] = {}
        self.tags = dict.fromkeys(self.contents, 1)
        self.uploads: list[dict[str, Any]] = []
        self.aborted = 0

    def get_paginator(self, _operation: str) -> Objects:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        assert (Bucket, Prefix) == ("artifacts", "transform/")
        return [{"Contents": [{"Key": key} for key in [*self.contents, "transform/notes.txt"]]}]

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        content = self.contents[Key]
        return {"Metadata": {}, "ContentLength": len(content), "ETag": str(self.tags[Key]), **self.others.get(Key, {})}

    def get_object(self, Bucket: str, Key: str, Range: str, IfMatch: str) -> dict[str, Any]:
        self._match(Key, IfMatch)
        return {"Body": body(self._span(Key, Range))}

    def put_object(self, Bucket: str, Key: str, Body: bytes, IfMatch: str, **others: Any) -> None:
        self._match(Key, IfMatch)
        self.contents[Key], self.others[Key] = Body, others
        self.tags[Key] += 1

    def create_multipart_upload(self, Bucket: str, Key: str, **others: Any) -> dict[str, str]:
        self.uploads.append({"others": others, "parts": []})
        return {"UploadId": "u"}

    def upload_part(self, Body: bytes, PartNumber: int, **_: Any) -> dict[str, str]:
        self.uploads[-1]["parts"].append(Body)
        return {"ETag": str(PartNumber)}

    def upload_part_copy(self, Key: str, CopySourceRange: str, CopySourceIfMatch: str, **_: Any) -> dict[str, Any]:
        self._match(Key, CopySourceIfMatch)
        self.uploads[-1]["parts"].append(self._span(Key, CopySourceRange))
        return {"CopyPartResult": {"ETag": "x"}}

    def complete_multipart_upload(self, Key: str, IfMatch: str, MultipartUpload: Any, **_: Any) -> None:
        upload = self.uploads[-1]
        assert [part["PartNumber"] for part in MultipartUpload["Parts"]] == [*range(1, len(upload["parts"]) + 1)]
        self.put_object("artifacts", Key, b"".join(upload["parts"]), IfMatch, **upload["others"])

    def abort_multipart_upload(self, **_: Any) -> None:
        self.aborted += 1

    def _span(self, key: str, span: str) -> bytes:
        start, end = map(int, span.removeprefix("bytes=").split("-"))
        return self.contents[key][start : end + 1]

    def _match(self, key: str, tag: str) -> None:
        if tag != str(self.tags[key]):
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")


def _add(objects: Any, header: object = EVENT["Header"], job: Any = None) -> dict[str, list[str]]:
    sagemaker: Any = job or Job()
    return add_transform_header(sagemaker, objects, {**EVENT, "Header": header})


@pytest.mark.parametrize("header", ["late,probability", "late,probability\n", ["late", "probability"]])
def test_each_output_gets_the_header_and_a_second_call_changes_nothing(header: object) -> None:
    objects = Objects(a=ROWS, b=ROWS, empty=b"")
    uris = [f"s3://artifacts/transform/{name}.out" for name in ("a", "b", "empty")]
    assert _add(objects, header) == {"Changed": uris, "Unchanged": []}
    after = dict(objects.contents)
    line = b"late,probability\n"
    assert list(after.values()) == [line + ROWS, line + ROWS, line]
    assert _add(objects, header) == {"Changed": [], "Unchanged": uris}
    assert objects.contents == after


def test_names_with_commas_are_quoted_and_the_objects_keep_their_encryption() -> None:
    objects = Objects(a=ROWS)
    objects.others["transform/a.out"] = {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "k",
        "Metadata": {"own": "1"},
    }
    _add(objects, ["late", "p, in %"])
    assert objects.contents["transform/a.out"].startswith(b'late,"p, in %"\n')
    kept = objects.others["transform/a.out"]
    assert (kept["ServerSideEncryption"], kept["SSEKMSKeyId"], kept["Metadata"]["own"]) == ("aws:kms", "k", "1")


def test_a_large_output_is_copied_by_s3_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_BYTES", 10)
    monkeypatch.setattr(module, "PART_BYTES", 7)
    objects = Objects(a=ROWS * 3)
    _add(objects)
    assert objects.contents["transform/a.out"] == b"late,probability\n" + ROWS * 3
    assert [len(part) for part in objects.uploads[0]["parts"]] == [17 + 10, 7, 7, 7, 5]
    assert _add(objects)["Changed"] == []


def test_an_output_that_somebody_else_changes_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_BYTES", 10)
    for content in (b"1,2\n", ROWS):
        objects = Objects(a=content)
        looked_at = objects.get_object

        def changed_meanwhile(objects: Objects = objects, looked_at: Any = looked_at, **request: Any) -> Any:
            answer = looked_at(**request)
            objects.tags["transform/a.out"] += 1
            return answer

        monkeypatch.setattr(objects, "get_object", changed_meanwhile)
        with pytest.raises(EvidenceError, match=r"transform/a.out: cannot be written.*PreconditionFailed"):
            _add(objects)
        assert objects.contents["transform/a.out"] == content
        assert objects.aborted == (content == ROWS)


@pytest.mark.parametrize(
    ("objects", "header", "job", "words"),
    [
        (Objects(a=ROWS), " ", Job(), "Header is empty"),
        (Objects(a=ROWS), [], Job(), "Header is empty"),
        (Objects(a=ROWS), "a,b\nc,d", Job(), "more than one line"),
        (Objects(a=ROWS), 7, Job(), "give a line of CSV"),
        (Objects(a=ROWS), "a,b", Job("InProgress"), "is InProgress, not Completed"),
        (Objects(a=ROWS), "a,b", Job(accept="application/json"), "writes application/json, not text/csv"),
        (Objects(a=ROWS), "a,b", Job(content_type=""), "writes what it does not name"),
        (Objects(), "a,b", Job(), "has no output of the job"),
        (Objects(a=ROWS, b=b"1,2,3\n"), "a,b", Job(), "b.out: its first row has 3 columns, the header 2"),
        (Objects(a=b"\xff\xfe,1\n"), "a,b", Job(), "a.out: is not CSV"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(
    objects: Objects, header: object, job: Job, words: str
) -> None:
    before = dict(objects.contents)
    with pytest.raises(EvidenceError, match=words):
        _add(objects, header, job)
    assert objects.contents == before


def test_another_header_is_refused() -> None:
    objects = Objects(a=ROWS)
    _add(objects)
    with pytest.raises(EvidenceError, match=r"a.out: has another header already"):
        _add(objects, "delayed,probability")
