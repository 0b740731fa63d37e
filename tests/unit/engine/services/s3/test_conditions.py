"""Conditional requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.conditions import check_delete, check_read, check_write
from mlsystem.engine.services.s3.object_version import Details, Encryption, ObjectVersion

AT = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
VERSION = ObjectVersion(
    bucket="b",
    key="k",
    version_id="null",
    modified_at=AT.timestamp() + 0.7,
    holder="h",
    etag="abc",
    details=Details(encryption=Encryption(algorithm="AES256")),
)
MARKER = VERSION.model_copy(update={"is_delete_marker": True, "etag": "", "details": None})
EARLIER, LATER = AT - timedelta(seconds=1), AT + timedelta(seconds=1)


def _status(check: Any, request: Mapping[str, Any], version: ObjectVersion | None = VERSION, *more: str) -> int:
    try:
        check(request, version, *more)
    except AwsError as error:
        return error.status or 0
    return 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({}, 200),
        ({"IfMatch": '"abc"'}, 200),
        ({"IfMatch": "abc"}, 200),
        ({"IfMatch": '"x", "abc"'}, 200),
        ({"IfMatch": "*"}, 200),
        ({"IfMatch": '"x"'}, 412),
        ({"IfNoneMatch": '"abc"'}, 304),
        ({"IfNoneMatch": 'W/"abc"'}, 304),
        ({"IfNoneMatch": '"x"'}, 200),
        ({"IfModifiedSince": AT}, 304),
        ({"IfModifiedSince": EARLIER}, 200),
        ({"IfUnmodifiedSince": AT}, 200),
        ({"IfUnmodifiedSince": EARLIER}, 412),
        ({"IfMatch": '"abc"', "IfUnmodifiedSince": EARLIER}, 200),
        ({"IfNoneMatch": '"x"', "IfModifiedSince": LATER}, 200),
        ({"IfMatch": '"x"', "IfNoneMatch": '"abc"'}, 412),
        ({"IfModifiedSince": EARLIER.replace(tzinfo=None)}, 200),
    ],
)
def test_reading_under_conditions(request_: Mapping[str, Any], status: int) -> None:
    assert _status(check_read, request_) == status


def test_a_condition_on_the_source_of_a_copy_fails_with_412_always() -> None:
    assert _status(check_read, {"CopySourceIfNoneMatch": '"abc"'}, VERSION, "CopySource") == 412
    assert _status(check_read, {"IfNoneMatch": '"abc"'}, VERSION, "CopySource") == 200


@pytest.mark.parametrize(
    ("request_", "current", "status"),
    [
        ({"IfNoneMatch": "*"}, None, 200),
        ({"IfNoneMatch": "*"}, MARKER, 200),
        ({"IfNoneMatch": "*"}, VERSION, 412),
        ({"IfNoneMatch": '"abc"'}, VERSION, 501),
        ({"IfMatch": '"abc"'}, VERSION, 200),
        ({"IfMatch": '"x"'}, VERSION, 412),
        ({"IfMatch": '"abc"'}, None, 404),
        ({"IfMatch": '"abc"'}, MARKER, 404),
    ],
)
def test_writing_under_conditions(request_: Mapping[str, Any], current: ObjectVersion | None, status: int) -> None:
    assert _status(check_write, {"Key": "k", **request_}, current) == status


@pytest.mark.parametrize(
    ("request_", "current", "status"),
    [
        ({}, VERSION, 200),
        ({"IfMatch": '"x"'}, VERSION, 412),
        ({"IfMatch": '"abc"'}, VERSION, 200),
        ({"IfMatch": '"x"'}, None, 200),
    ],
)
def test_deleting_under_conditions(request_: Mapping[str, Any], current: ObjectVersion | None, status: int) -> None:
    assert _status(check_delete, request_, current) == status
