"""Add Transform Header puts a line before what a transform job wrote."""

from typing import Any

import pytest
from s3_object import EvidenceError
from sagemaker_add_transform_header import add_transform_header

from tests.aws.clients import body, scripted

EVENT = {"TransformOutputUri": "s3://artifacts/transform/", "FileName": "flights.csv", "Header": "late,probability"}


class Objects:
    """S3 as far as it is used: objects by key, in one bucket."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = contents

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        assert Bucket == "artifacts"
        return {"Body": body(self.contents[Key])}

    def put_object(self, Bucket: str, Key: str, Body: Any) -> None:
        assert Bucket == "artifacts"
        self.contents[Key] = Body.read()


@pytest.mark.parametrize("header", ["late,probability", "late,probability\n", ["late", "probability"]])
def test_the_header_comes_first_and_the_output_stays(header: object) -> None:
    objects = Objects(**{"transform/flights.csv.out": b"1,0.9\n0,0.2\n"})
    client: Any = objects
    result = add_transform_header(client, {**EVENT, "Header": header})
    assert result == {"TransformOutputUri": "s3://artifacts/transform/flights.csv"}
    assert objects.contents == {
        "transform/flights.csv.out": b"1,0.9\n0,0.2\n",
        "transform/flights.csv": b"late,probability\n1,0.9\n0,0.2\n",
    }


def test_an_empty_header_is_refused() -> None:
    client: Any = Objects()
    with pytest.raises(EvidenceError, match="Header is empty"):
        add_transform_header(client, {**EVENT, "Header": " "})


def test_a_missing_output_fails_and_names_it() -> None:
    with scripted("s3") as s3:
        s3.fails("get_object", "NoSuchKey")
        with pytest.raises(EvidenceError, match=r"transform/flights.csv.out: cannot be read"):
            add_transform_header(s3.client, EVENT)
