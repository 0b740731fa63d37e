"""S3 through boto3: buckets, objects, lists, copies, presigned URLs."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import role

NUMBERS = itertools.count(1)
ODD_KEYS = [
    "plain",
    "a//b",
    "/leading",
    "trailing/",
    "//",
    "a/b%2Fc",
    "50%",
    "ü/é 😀.txt",
    "a b+c&d=e?f#g;h:i",
    "../up",
    "a/../b",
    "./here",
    "quote\"'<xml>",
    "x" * 1024,
]


@pytest.fixture
def s3(engine: LiveEngine) -> Any:
    return engine.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"objects-{next(NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def keys_of(answer: dict[str, Any]) -> list[str]:
    return [entry["Key"] for entry in answer.get("Contents", [])]


def prefixes_of(answer: dict[str, Any]) -> list[str]:
    return [entry["Prefix"] for entry in answer.get("CommonPrefixes", [])]


# ---------------------------------------------------------------------- buckets
def test_a_bucket_lives_from_create_to_delete(s3: Any) -> None:
    s3.create_bucket(Bucket="lives-shortly")
    s3.create_bucket(Bucket="lives-shortly")
    assert s3.head_bucket(Bucket="lives-shortly")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_bucket_location(Bucket="lives-shortly")["LocationConstraint"] is None
    assert "lives-shortly" in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket="lives-shortly")
    assert code_of(lambda: s3.head_bucket(Bucket="lives-shortly")) == "404"
    assert code_of(lambda: s3.list_objects_v2(Bucket="lives-shortly")) == "NoSuchBucket"


def test_a_bucket_with_objects_is_not_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert code_of(lambda: s3.delete_bucket(Bucket=bucket)) == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("name", ["endpoints", "Upper", "192.168.1.1"])
def test_wrong_bucket_names_are_refused(engine: LiveEngine, name: str) -> None:
    assert code_of(lambda: engine.client("s3").create_bucket(Bucket=name)) == "InvalidBucketName"


def test_another_region_or_owner_is_refused(s3: Any, bucket: str) -> None:
    elsewhere = {"LocationConstraint": "eu-west-1"}
    refused = code_of(lambda: s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration=elsewhere))
    assert refused == "InvalidLocationConstraint"
    assert code_of(lambda: s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner="123456789012")) == "AccessDenied"


def test_buckets_are_listed_in_pages(s3: Any) -> None:
    names = [f"paged-{number}" for number in range(5)]
    for name in reversed(names):
        s3.create_bucket(Bucket=name)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="paged-", PaginationConfig={"PageSize": 2}))
    assert [len(page["Buckets"]) for page in pages] == [2, 2, 1]
    assert [entry["Name"] for page in pages for entry in page["Buckets"]] == names


# ---------------------------------------------------------------------- objects
@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_round_trips(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == [key]
    assert keys_of(s3.list_objects(Bucket=bucket, Prefix=key)) == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@pytest.mark.parametrize("size", [0, 1, 65_536, 262_145, 3_000_000])
def test_an_object_of_any_size_round_trips(s3: Any, bucket: str, size: int) -> None:
    data = bytes(index % 253 for index in range(size))
    put = s3.put_object(Bucket=bucket, Key="k", Body=data)
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["ContentLength"] == size
    assert got["Body"].read() == data


def test_what_a_client_says_of_an_object_is_told_again(s3: Any, bucket: str) -> None:
    expires = datetime(2030, 1, 1, tzinfo=UTC)
    said = {
        "ContentType": "text/csv",
        "ContentEncoding": "gzip",
        "ContentDisposition": 'attachment; filename="a.csv"',
        "ContentLanguage": "de",
        "CacheControl": "no-cache",
        "Metadata": {"Job": "training-1", "empty": ""},
        "Expires": expires,
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"1,2", Tagging="stage=dev&team=a%20b", **said)
    for answer in (s3.get_object(Bucket=bucket, Key="k"), s3.head_object(Bucket=bucket, Key="k")):
        for name in (
            "ContentType",
            "ContentEncoding",
            "ContentDisposition",
            "ContentLanguage",
            "CacheControl",
            "Expires",
        ):
            assert answer[name] == said[name], name
        assert answer["Metadata"] == {"job": "training-1", "empty": ""}
        assert answer["TagCount"] == 2
        assert answer["AcceptRanges"] == "bytes"
        assert answer["ServerSideEncryption"] == "AES256"
        assert datetime.now(UTC) - answer["LastModified"] < timedelta(seconds=30)


def test_a_response_has_the_headers_that_its_request_wants(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    got = s3.get_object(
        Bucket=bucket,
        Key="k",
        ResponseContentType="text/csv",
        ResponseCacheControl="no-store",
        ResponseExpires=datetime(2030, 1, 1, tzinfo=UTC),
    )
    assert (got["ContentType"], got["CacheControl"]) == ("text/csv", "no-store")
    assert got["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "wanted", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
    ],
)
def test_a_range_is_answered_with_206(s3: Any, bucket: str, header: str, wanted: bytes, content_range: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=header)
    assert got["Body"].read() == wanted
    assert got["ContentRange"] == content_range
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.head_object(Bucket=bucket, Key="k", Range=header)["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_outside_the_object_is_416(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert code_of(lambda: s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-")) == "InvalidRange"


def test_what_is_not_there_is_named(s3: Any, bucket: str) -> None:
    assert code_of(lambda: s3.get_object(Bucket=bucket, Key="absent")) == "NoSuchKey"
    assert code_of(lambda: s3.head_object(Bucket=bucket, Key="absent")) == "404"
    assert code_of(lambda: s3.get_object(Bucket="no-such-bucket-here", Key="k")) == "NoSuchBucket"
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="absent")
    assert s3.delete_object(Bucket=bucket, Key="absent")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_conditions_on_reading(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read() == b"x"
    assert code_of(lambda: s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)) == "304"
    assert code_of(lambda: s3.get_object(Bucket=bucket, Key="k", IfMatch='"other"')) == "PreconditionFailed"
    assert code_of(lambda: s3.head_object(Bucket=bucket, Key="k", IfMatch='"other"')) == "412"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert code_of(lambda: s3.head_object(Bucket=bucket, Key="k", IfModifiedSince=tomorrow)) == "304"


def test_conditions_on_writing(s3: Any, bucket: str) -> None:
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    again = code_of(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*"))
    assert again == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=first)
    assert code_of(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"4", IfMatch=first)) == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"3"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_that_was_sent_is_verified_kept_and_told(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"data", ChecksumAlgorithm=algorithm)
    got = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert put[f"Checksum{algorithm}"] == got[f"Checksum{algorithm}"]
    assert got["ChecksumType"] == "FULL_OBJECT"
    wrong = {f"Checksum{algorithm}": "AAAAAA=="}
    assert code_of(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"other", **wrong)) == "BadDigest"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"data"


@pytest.mark.parametrize(
    "request_",
    [
        {"StorageClass": "GLACIER"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
        {"ObjectLockMode": "GOVERNANCE"},
        {"ChecksumXXHASH64": "AAAAAAAAAAA="},
        {"WebsiteRedirectLocation": "/x"},
    ],
)
def test_what_is_not_implemented_is_refused_by_name(s3: Any, bucket: str, request_: dict[str, str]) -> None:
    assert code_of(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", **request_)) == "NotImplemented"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_many_objects_are_deleted_at_once(s3: Any, bucket: str) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "absent"}]})
    assert [entry["Key"] for entry in done["Deleted"]] == ["a", "absent"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert "Errors" not in quiet
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["c"]


# ---------------------------------------------------------------------- lists
@pytest.fixture(scope="module")
def shelf(engine: LiveEngine) -> str:
    """A bucket with keys to list."""
    s3 = engine.client("s3")
    s3.create_bucket(Bucket="shelf")
    for key in ["a", "b/1", "b/2", "b/c/3", "d", "e/", "e/é", "f+g h", "😀"]:
        s3.put_object(Bucket="shelf", Key=key, Body=b"x")
    return "shelf"


def test_keys_come_in_the_order_of_their_bytes(s3: Any, shelf: str) -> None:
    assert keys_of(s3.list_objects_v2(Bucket=shelf)) == ["a", "b/1", "b/2", "b/c/3", "d", "e/", "e/é", "f+g h", "😀"]


@pytest.mark.parametrize(
    ("request_", "keys", "prefixes"),
    [
        ({"Delimiter": "/"}, ["a", "d", "f+g h", "😀"], ["b/", "e/"]),
        ({"Delimiter": "/", "Prefix": "b/"}, ["b/1", "b/2"], ["b/c/"]),
        ({"Prefix": "b"}, ["b/1", "b/2", "b/c/3"], []),
        ({"Prefix": "e/"}, ["e/", "e/é"], []),
        ({"StartAfter": "b/2", "Prefix": "b/"}, ["b/c/3"], []),
        ({"StartAfter": "e/é"}, ["f+g h", "😀"], []),
        ({"Prefix": "nothing"}, [], []),
        ({"Delimiter": "+"}, ["a", "b/1", "b/2", "b/c/3", "d", "e/", "e/é", "😀"], ["f+"]),
    ],
)
def test_prefix_delimiter_and_start(
    s3: Any, shelf: str, request_: dict[str, str], keys: list[str], prefixes: list[str]
) -> None:
    listed = s3.list_objects_v2(Bucket=shelf, **request_)
    assert (keys_of(listed), prefixes_of(listed)) == (keys, prefixes)
    assert listed["KeyCount"] == len(keys) + len(prefixes)


@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_add_up_to_the_whole(s3: Any, shelf: str, operation: str, size: int, delimiter: str) -> None:
    request = {"Bucket": shelf, **({"Delimiter": delimiter} if delimiter else {})}
    whole = s3.list_objects_v2(**request)
    pages = list(s3.get_paginator(operation).paginate(**request, PaginationConfig={"PageSize": size}))
    assert [key for page in pages for key in keys_of(page)] == keys_of(whole)
    assert [prefix for page in pages for prefix in prefixes_of(page)] == prefixes_of(whole)
    assert all(len(keys_of(page)) + len(prefixes_of(page)) == size for page in pages[:-1])


def test_a_list_tells_of_each_object_and_its_owner_if_asked(s3: Any, shelf: str) -> None:
    entry = s3.list_objects_v2(Bucket=shelf, MaxKeys=1, FetchOwner=True)["Contents"][0]
    assert entry["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'
    assert (entry["Size"], entry["StorageClass"]) == (1, "STANDARD")
    assert entry["Owner"]["ID"] == "000000000000"
    assert "Owner" not in s3.list_objects_v2(Bucket=shelf, MaxKeys=1)["Contents"][0]


def test_a_broken_token_is_refused(s3: Any, shelf: str) -> None:
    assert code_of(lambda: s3.list_objects_v2(Bucket=shelf, ContinuationToken="x")) == "InvalidArgument"


# ---------------------------------------------------------------------- copies
def test_a_copy_keeps_what_is_said_of_the_object_unless_it_is_replaced(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="from ü", Body=b"x", ContentType="text/csv", Metadata={"a": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "from ü"}
    copied = s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == s3.head_object(Bucket=bucket, Key="same")["ETag"]
    same = s3.head_object(Bucket=bucket, Key="same")
    assert (same["ContentType"], same["Metadata"], same["TagCount"]) == ("text/csv", {"a": "1"}, 1)
    s3.copy_object(
        Bucket=bucket,
        Key="new",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"b": "2"},
        TaggingDirective="REPLACE",
    )
    new = s3.head_object(Bucket=bucket, Key="new")
    assert (new["ContentType"], new["Metadata"]) == ("binary/octet-stream", {"b": "2"})
    assert "TagCount" not in new


def test_a_copy_lives_on_its_own_in_another_bucket(s3: Any, bucket: str) -> None:
    s3.create_bucket(Bucket=f"{bucket}-copies")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 100_000)
    s3.copy_object(Bucket=f"{bucket}-copies", Key="k", CopySource=f"{bucket}/k")
    s3.delete_object(Bucket=bucket, Key="k")
    assert s3.get_object(Bucket=f"{bucket}-copies", Key="k")["Body"].read() == b"x" * 100_000


def test_a_copy_to_itself_must_change_something(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert code_of(lambda: s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/k")) == "InvalidRequest"
    s3.copy_object(
        Bucket=bucket, Key="k", CopySource=f"{bucket}/k", MetadataDirective="REPLACE", Metadata={"touched": "yes"}
    )
    assert s3.get_object(Bucket=bucket, Key="k")["Metadata"] == {"touched": "yes"}
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_conditions_on_the_source_of_a_copy(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    request = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k"}
    assert code_of(lambda: s3.copy_object(**request, CopySourceIfNoneMatch=etag)) == "PreconditionFailed"
    assert code_of(lambda: s3.copy_object(**{**request, "CopySource": f"{bucket}/absent"})) == "NoSuchKey"
    s3.copy_object(**request, CopySourceIfMatch=etag)


# ---------------------------------------------------------------------- presigned
def _ask(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("is_session", [False, True])
def test_a_presigned_url_puts_and_gets_without_a_client(
    engine: LiveEngine, s3: Any, bucket: str, version: str, is_session: bool
) -> None:
    signer = _signer(engine, version, is_session)
    params = {"Bucket": bucket, "Key": "a b/ü", "ContentType": "text/plain"}
    put = signer.generate_presigned_url("put_object", Params=params)
    assert _ask("PUT", put, b"hello", {"Content-Type": "text/plain"}) == (200, b"")
    get = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b/ü"})
    assert _ask("GET", get) == (200, b"hello")
    assert s3.head_object(Bucket=bucket, Key="a b/ü")["ContentType"] == "text/plain"
    status, body = _ask("DELETE", get)
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)


def _signer(engine: LiveEngine, version: str, is_session: bool) -> Any:
    root = engine.credentials()
    keys = {"aws_access_key_id": root["access_key_id"], "aws_secret_access_key": root["secret_access_key"]}
    if is_session:
        arn = role(engine, "uploader")
        given = engine.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        keys = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"]}
        keys["aws_session_token"] = given["SessionToken"]
    config = Config(signature_version=version)
    make_client: Any = boto3.client
    return make_client("s3", endpoint_url=engine.url, region_name="us-east-1", config=config, **keys)


# ---------------------------------------------------------------------- other clients
def test_an_aws_chunked_body_with_a_trailing_checksum_is_stored_without_its_frames(
    engine: LiveEngine, s3: Any, bucket: str
) -> None:
    url = _signer(engine, "s3v4", is_session=False).generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "k"}
    )
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": "11",
        "X-Amz-Trailer": "x-amz-checksum-crc32",
    }
    framed = b"6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n"
    assert _ask("PUT", url, framed % b"DUoRhQ==", headers)[0] == 200
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello world"
    assert got["ChecksumCRC32"] == "DUoRhQ=="
    assert "ContentEncoding" not in got
    status, body = _ask("PUT", url, framed % b"AAAAAA==", headers)
    assert (status, b"BadDigest" in body) == (400, True)
    status, body = _ask("PUT", url, b"6\r\nhello \r\n", headers)
    assert (status, b"IncompleteBody" in body) == (400, True)


def test_the_checksum_of_the_aws_cli_is_verified_kept_and_told(s3: Any, bucket: str) -> None:
    """CRC-64/NVME, which boto3 itself cannot compute: of "123456789" by the catalogue of CRCs."""
    checksum = base64.b64encode(0xAE8B14860A799888.to_bytes(8, "big")).decode()
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumCRC64NVME=checksum)
    assert put["ChecksumCRC64NVME"] == checksum
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == (checksum, "FULL_OBJECT")
    wrong = code_of(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"12345678", ChecksumCRC64NVME=checksum))
    assert wrong == "BadDigest"


def test_file_transfers_of_boto3_work_both_ways(s3: Any, bucket: str) -> None:
    data = bytes(index % 251 for index in range(20 * 1024 * 1024))
    s3.upload_fileobj(io.BytesIO(data), bucket, "big", ExtraArgs={"Metadata": {"a": "b"}})
    head = s3.head_object(Bucket=bucket, Key="big")
    assert head["ETag"].endswith('-3"')
    assert head["Metadata"] == {"a": "b"}
    received = io.BytesIO()
    s3.download_fileobj(bucket, "big", received)
    assert received.getvalue() == data
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copied")
    assert s3.head_object(Bucket=bucket, Key="copied")["ETag"] == head["ETag"]
