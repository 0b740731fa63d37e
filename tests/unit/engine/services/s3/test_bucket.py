"""Names of buckets."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.bucket import check_name


@pytest.mark.parametrize(
    "name", ["abc", "my-bucket", "my.bucket.1", "0-9", "a" * 63, "sagemaker-us-east-1-000000000000"]
)
def test_names_that_s3_takes(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Abc",
        "a_b",
        "-abc",
        "abc-",
        ".abc",
        "a..b",
        "a.-b",
        "192.168.5.4",
        "xn--abc",
        "sthree-abc",
        "abc-s3alias",
        "abc--x-s3",
        "a b",
    ],
)
def test_names_that_s3_refuses(name: str) -> None:
    with pytest.raises(AwsError) as error:
        check_name(name)
    assert error.value.code == "InvalidBucketName"


@pytest.mark.parametrize("name", ["endpoints", "_api", "_console", "_mlsystem"])
def test_the_paths_of_the_front_door_are_no_buckets(name: str) -> None:
    with pytest.raises(AwsError, match="front door"):
        check_name(name)
