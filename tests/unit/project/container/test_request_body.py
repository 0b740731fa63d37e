from __future__ import annotations

import csv
import importlib
import io
from typing import Any

import pytest

request_body: Any = importlib.import_module("request_body")
NAMES = ["carrier", "delay"]


def refused(body: bytes, content_type: str) -> tuple[int, str]:
    with pytest.raises(request_body.RequestError) as caught:
        request_body.parse_rows(body, content_type, NAMES)
    return caught.value.status, str(caught.value)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"UA,2", [["UA", "2"]]),
        (b"UA,2\n", [["UA", "2"]]),
        (b"UA,2\r\nAA,\r\n", [["UA", "2"], ["AA", ""]]),
        (b'"U,A",2', [["U,A", "2"]]),
        (b"\xef\xbb\xbfUA,2", [["UA", "2"]]),
        ("ÜA,2".encode(), [["ÜA", "2"]]),
    ],
)
def test_csv_gives_a_row_for_each_line(body: bytes, rows: list[list[str]]) -> None:
    assert request_body.parse_rows(body, "text/csv; charset=UTF-8", NAMES) == rows


@pytest.mark.parametrize(
    "text", ["", "a", "a\n", "a,b\nc,d", "a,\n,b\n", "\n", "a\n\n", "a\n\nb", " a , b ", ",", "ä,\tb\x0b\x1c\u2028c"]
)
def test_what_needs_no_csv_reader_is_read_as_by_one(text: str) -> None:
    assert request_body.csv_rows(text) == list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'{"instances": [["UA", 2], ["AA", null]]}', [["UA", "2"], ["AA", ""]]),
        (b'{"instances": [{"delay": 2.5, "carrier": "UA"}]}', [["UA", "2.5"]]),
        (b'{"instances": [[3, 3.0], [true, -1e-7]]}', [["3", "3"], ["true", "-1e-07"]]),
    ],
)
def test_json_becomes_the_cells_that_csv_would_hold(body: bytes, rows: list[list[str]]) -> None:
    assert request_body.parse_rows(body, "application/json", NAMES) == rows


@pytest.mark.parametrize(
    ("body", "content_type", "status", "named"),
    [
        (b"UA,2", "", 415, "(none)"),
        (b"UA,2", "application/x-npy", 415, "application/x-npy"),
        (b"UA,2", "text/csv; charset=latin-1", 415, "latin-1"),
        (b"", "text/csv", 400, "no rows"),
        (b"UA,2\nAA", "text/csv", 400, "row 2 has 1 columns; the model takes 2"),
        (b"UA,2\n\nAA,1", "text/csv", 400, "row 2 has 0 columns"),
        (b'"UA,2', "text/csv", 400, "not CSV"),
        (b"U\xff,2", "text/csv", 400, "not UTF-8"),
        (b"{", "application/json", 400, "not JSON"),
        (b"[[1]]", "application/json", 400, "must be a JSON object"),
        (b"{}", "application/json", 400, 'no list "instances"'),
        (b'{"instances": []}', "application/json", 400, "no rows"),
        (b'{"instances": [1]}', "application/json", 400, "row 1 is neither"),
        (b'{"instances": [["UA", 1], ["UA", [1]]]}', "application/json", 400, "row 2, column 'delay'"),
        (b'{"instances": [["UA", NaN]]}', "application/json", 400, "use null"),
        (
            b'{"instances": [{"carrier": "UA", "dely": 1}]}',
            "application/json",
            400,
            "no column 'delay', an unknown column 'dely'",
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_name(body: bytes, content_type: str, status: int, named: str) -> None:
    refused_status, message = refused(body, content_type)
    assert refused_status == status
    assert named in message


def test_a_body_over_6_mb_is_refused_and_one_of_6_mb_is_not() -> None:
    line = b"UA,0000000002.50\n"
    fitting = line * (6 * 1024 * 1024 // len(line))
    assert len(request_body.parse_rows(fitting, "text/csv", NAMES)) == len(fitting) // len(line)
    assert refused(fitting + line, "text/csv")[0] == 413


@pytest.mark.parametrize(
    ("accept", "sent", "answered"),
    [
        ("", "text/csv; charset=utf-8", "text/csv"),
        ("*/*", "application/json", "application/json"),
        ("text/*", "application/json", "text/csv"),
        ("image/png, application/json;q=0.5, text/csv", "text/csv", "application/json"),
    ],
)
def test_the_answer_has_the_first_accepted_type_that_is_possible(accept: str, sent: str, answered: str) -> None:
    assert request_body.accepted_type(accept, sent) == answered


def test_an_impossible_answer_type_is_refused() -> None:
    with pytest.raises(request_body.RequestError, match="image/png") as caught:
        request_body.accepted_type("image/png", "text/csv")
    assert caught.value.status == 406


def test_what_is_written_as_csv_is_read_back() -> None:
    rows = [["U,A", 'a "b"', ""], ["x\ny", "ü", "1"]]
    assert request_body.csv_rows(request_body.csv_text(rows)) == rows
