"""The requests of a check are rows of the test set, from all over its sample; without a sample there is no check."""

import pytest
from check import CheckError
from request_sample import SAMPLE_BYTES, Body, bodies, read_sample

from tests.aws.clients import ScriptedClient, body, scripted

SAMPLE_URI = "s3://artifacts/mls-demo/runs/mls-flights-1/data/requests/"


def listed(s3: ScriptedClient, *keys: str) -> None:
    s3.answers(
        "list_objects_v2",
        {"Contents": [{"Key": key} for key in keys]},
        {"Bucket": "artifacts", "Prefix": "mls-demo/runs/mls-flights-1/data/requests/"},
    )


def read(content: bytes) -> list[list[str]]:
    with scripted("s3") as s3:
        listed(s3, "b.csv", "a.csv", "a.json")
        s3.answers(
            "get_object",
            {"Body": body(content)},
            {"Bucket": "artifacts", "Key": "a.csv", "Range": f"bytes=0-{SAMPLE_BYTES - 1}"},
        )
        return read_sample(s3.client, SAMPLE_URI)


def test_the_sample_is_its_rows_without_the_header_whatever_is_in_a_cell() -> None:
    assert read(b'delay,place\n1,AA\n\n2,"B, or\nC"\n') == [["1", "AA"], ["2", "B, or\nC"]]


def test_a_row_that_is_cut_off_is_left_out() -> None:
    row = b"1,AA\n"
    content = b"delay,carrier\n" + row * (SAMPLE_BYTES // len(row))
    assert set(map(tuple, read(content[:SAMPLE_BYTES]))) == {("1", "AA")}


def test_without_a_sample_there_is_no_check() -> None:
    with scripted("s3") as s3:
        listed(s3)
        with pytest.raises(CheckError, match=f"{SAMPLE_URI}: has no CSV file"):
            read_sample(s3.client, SAMPLE_URI)
    with pytest.raises(CheckError, match=r"a\.csv: has no row"):
        read(b"delay,carrier\n")
    with pytest.raises(CheckError, match=r"a\.csv: is not CSV"):
        read(b"a,b\n" + b"x" * 200_000 + b"\n")


def test_requests_have_one_to_three_rows_from_all_over_the_sample() -> None:
    made = bodies([[str(number), "A, B"] for number in range(100)], 10)
    assert [one.rows for one in made] == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1]
    assert [one.text.partition(",")[0] for one in made] == [str(begin) for begin in range(0, 100, 10)]
    assert made[1].text == '10,"A, B"\n11,"A, B"\n'


def test_a_short_sample_is_taken_again() -> None:
    assert bodies([["1"], ["2"]], 3) == [Body("1\n", 1), Body("1\n2\n", 2), Body("2\n1\n2\n", 3)]
