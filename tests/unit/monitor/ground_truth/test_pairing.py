"""The rows of a record beside the rows of its ground truth."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.ground_truth.pairing import answers_of
from mlsystem.monitor.ground_truth.records import merged
from mlsystem.monitor.quality.pairs import Answer
from mlsystem.monitor.quality.problem import Problem, ProblemType
from mlsystem.monitor.reading.lines import UnreadableRecordError
from tests.unit.monitor.ground_truth.made import capture

BOTH = Problem(ProblemType.BINARY, inference="0", probability="1")
NUMBER = Problem(ProblemType.REGRESSION, inference="0")


def record(output: str, data: str, encoding: str = "CSV", truth_encoding: str = "CSV") -> dict[str, object]:
    truth = {"data": data, "encoding": truth_encoding}
    return {**json.loads(capture("e", output, encoding=encoding)), "groundTruthData": truth}


def test_a_row_is_one_answer() -> None:
    assert answers_of(record("1,0.9\n", "0"), BOTH, None) == [Answer("0", "1", "0.9")]


def test_several_rows_are_several_answers_in_order() -> None:
    found = answers_of(record("1,0.9\n0,0.2\n", "0\n1\n"), BOTH, None)
    assert found == [Answer("0", "1", "0.9"), Answer("1", "0", "0.2")]


@pytest.mark.parametrize(("output", "data"), [("5,6,7", "1\n2\n3"), ("5\n6\n7\n", "1,2,3")])
def test_one_line_of_as_many_cells_stands_for_as_many_rows(output: str, data: str) -> None:
    assert answers_of(record(output, data), NUMBER, None) == [Answer("1", "5"), Answer("2", "6"), Answer("3", "7")]


def test_json_has_names() -> None:
    problem = Problem(ProblemType.BINARY, inference="$.label", probability="$.predictions[0].score", ground_truth="was")
    output = json.dumps({"predictions": [{"label": 1, "score": 0.5}, {"label": 0, "score": 0.25}]})
    data = json.dumps([{"was": 1, "by": "x"}, {"was": 0, "by": "y"}])
    found = answers_of(record(output, data, "JSON", "JSON"), problem, None)
    assert found == [Answer("1", "1", "0.5"), Answer("0", "0", "0.25")]


def test_the_only_cell_of_ground_truth_needs_no_name_and_a_wrong_name_is_none() -> None:
    named = Problem(ProblemType.REGRESSION, inference="0", ground_truth="was")
    assert answers_of(record("4", "3"), named, None) == [Answer("3", "4")]
    assert answers_of(record("4", '{"was": 3}', truth_encoding="JSON"), named, None) == [Answer("3", "4")]
    assert answers_of(record("4", '{"is": 3}', truth_encoding="JSON"), NUMBER, None) == [Answer("3", "4")]
    with pytest.raises(ValueError, match="there is no 'was' among is"):
        answers_of(record("4", '{"is": 3}', truth_encoding="JSON"), named, None)


def test_base64_is_read() -> None:
    encoded = base64.b64encode(b"4\n").decode()
    assert answers_of(record(encoded, "3", "BASE64"), NUMBER, None) == [Answer("3", "4")]


@pytest.mark.parametrize(
    ("output", "data", "encoding", "fault"),
    [
        ("1\n2\n", "1", "CSV", "the endpoint answered 2 rows, and the ground truth has 1"),
        ("", "1", "CSV", "the endpoint answered 0 rows, and the ground truth has 1"),
        ("1", "1,2", "CSV", "the ground truth has 2 cells a row: a ground_truth_attribute must say"),
        ("{", "1", "JSON", "Expecting property name"),
        ("1", "1", "PNG", "encoding CSV, JSON or BASE64"),
        ('"' + "x" * 200_000, "1", "CSV", "a body is no table: field larger than field limit"),
        ("[" * 100_000, "1", "JSON", "a body is no table"),
    ],
)
def test_what_is_no_pair_says_why(output: str, data: str, encoding: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        answers_of(record(output, data, encoding), NUMBER, None)


def test_a_capture_without_its_output_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="the capture has no endpointOutput: is it among the CaptureOptions"):
        answers_of({"captureData": {}, "groundTruthData": {"data": "1", "encoding": "CSV"}}, NUMBER, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3), lambda each: st.lists(each, max_size=3)
)
MEMBERS = st.sampled_from(["captureData", "groundTruthData", "endpointOutput", "data", "encoding", "eventMetadata"])
GARBAGE = st.recursive(JSON, lambda each: st.dictionaries(MEMBERS, each, max_size=4), max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(GARBAGE | st.binary(max_size=30))
def test_garbage_is_unreadable_and_nothing_worse(garbage: object) -> None:
    text = garbage if isinstance(garbage, bytes) else json.dumps(garbage).encode()
    try:
        answers_of(merged(text), NUMBER, None)
    except UnreadableRecordError:
        pass
    except ValueError as error:
        assert str(error)
