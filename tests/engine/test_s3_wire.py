"""S3's answers and requests are also those of clients that do not use botocore's model."""

from __future__ import annotations

import pytest

from mlsystem.engine.front.protocol import HttpRequest, parse_request, serialize_result
from mlsystem.engine.front.s3_wire import NAMESPACE


@pytest.mark.parametrize(
    ("method", "path", "query", "root"),
    [
        ("POST", "/b/key", "uploads", "InitiateMultipartUploadResult"),
        ("GET", "/b", "list-type=2", "ListBucketResult"),
        ("GET", "/b", "versions", "ListVersionsResult"),
        ("GET", "/", "", "ListAllMyBucketsResult"),
        ("GET", "/b", "location", "LocationConstraint"),
    ],
)
def test_an_answer_has_the_root_of_the_api_reference(method: str, path: str, query: str, root: str) -> None:
    parsed = parse_request("s3", HttpRequest(method, path, query, {"host": "x"}))
    assert f'<{root} xmlns="{NAMESPACE}"'.encode() in serialize_result(parsed, {}, "id").body


def test_a_checksum_mode_may_be_written_in_any_case() -> None:
    request = HttpRequest("HEAD", "/b/key", "", {"host": "x", "x-amz-checksum-mode": "enabled"})
    assert parse_request("s3", request).input["ChecksumMode"] == "ENABLED"
