"""Filters and joins, as SageMaker documents them."""

from __future__ import annotations

import pytest

from mlsystem.engine.runtime.batch_client.payloads import BadInput
from mlsystem.engine.runtime.batch_client.processing import BadAnswer, Processing


def _processing(
    content_type: str, given: str = "$", taken: str = "$", is_joined: bool = False, is_split: bool = True
) -> Processing:
    return Processing(content_type, is_split, given, taken, is_joined)


def test_without_filters_records_and_answers_stay_as_they_are() -> None:
    nothing = _processing("image/png")
    assert nothing.sent(b"\x00\xff") == b"\x00\xff"
    assert nothing.answer([b"\x00"], b"\xfe", "image/png") == b"\xfe"


def test_rows_are_filtered_joined_and_filtered() -> None:
    rows = _processing("text/csv; charset=utf-8", "$[1:]", "$[0,-1]", is_joined=True)
    assert rows.sent(b'"a,b",1,2') == b"1,2"
    assert rows.answer([b'"a,b",1,2', b"c,3,4"], b"0.5\n0.25\n", "text/csv") == b'"a,b",0.5\nc,0.25'


def test_a_joined_row_is_the_input_with_the_answer_at_its_end() -> None:
    rows = _processing("text/csv", is_joined=True)
    assert rows.answer([b"1,2"], b"0.5,late", "text/csv") == b"1,2,0.5,late"


def test_rows_of_an_object_that_is_not_split_are_joined_one_by_one() -> None:
    rows = _processing("text/csv", "$[1:]", is_joined=True, is_split=False)
    assert rows.sent(b"a,1\nb,2\n") == b"1\n2"
    assert rows.answer([b"a,1\nb,2\n"], b"7\n8\n", "text/csv") == b"a,1,7\nb,2,8"


def test_an_object_gets_the_answer_as_a_member_and_other_json_becomes_one() -> None:
    lines = _processing("application/jsonlines", "$.features", is_joined=True)
    assert lines.sent(b'{"id": 7, "features": [1, 2]}') == b"[1,2]"
    assert lines.answer([b'{"id":7}', b"[1]"], b'{"score":3}\n4', "application/jsonlines") == (
        b'{"id":7,"SageMakerOutput":{"score":3}}\n{"SageMakerInput":[1],"SageMakerOutput":4}'
    )


def test_one_record_has_one_answer_even_over_several_lines() -> None:
    documents = _processing("application/json", "$", "$.SageMakerOutput.score", is_joined=True)
    assert documents.answer([b'{"a": 1}'], b'{\n "score": 3\n}', "application/json") == b"3"
    whole = _processing("application/json", "$.rows", is_joined=True, is_split=False)
    assert whole.sent(b'{\n"rows": [1]\n}') == b"[1]"


def test_letters_of_every_kind_stay() -> None:
    assert _processing("application/json", "$.a").sent('{"a": "Zürich"}'.encode()) == '"Zürich"'.encode()


@pytest.mark.parametrize(
    ("content_type", "path", "record"),
    [
        ("text/csv", "$[5]", b"1,2"),
        ("text/csv", "$[0]", b'"1,2'),
        ("text/csv", "$[0]", b"\xff"),
        ("application/json", "$.a", b"{"),
        ("application/json", "$.a", b"[1]"),
    ],
)
def test_a_record_that_cannot_be_filtered_is_bad_input(content_type: str, path: str, record: bytes) -> None:
    with pytest.raises(BadInput, match="InputFilter cannot be applied"):
        _processing(content_type, path).sent(record)


@pytest.mark.parametrize(
    ("answer", "content_type", "words"),
    [
        (b"1", "text/csv", "1 answers to 2 records"),
        (b"1\n2", "application/json", "not in the format of the input"),
        (b"1\n2", "", "of no Content-Type"),
        (b'1\n"2', "text/csv", "cannot be joined"),
    ],
)
def test_an_answer_that_cannot_be_joined_says_why(answer: bytes, content_type: str, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        _processing("text/csv", is_joined=True).answer([b"1", b"2"], answer, content_type)
