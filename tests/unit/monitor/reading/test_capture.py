"""Captured invocations as columns: encodings, several rows in a body, outputs first."""

import base64
import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsystem.monitor.errors import ConfigurationError, DatasetError
from mlsystem.monitor.profile import Categories
from mlsystem.monitor.reading import DatasetFormat, Kind, open_dataset
from mlsystem.monitor.reading.bodies import body_rows
from mlsystem.monitor.types import InferredType, TypeCounts
from tests.unit.monitor.columns import Read, ReadColumn

CAPTURE = DatasetFormat(Kind.CAPTURE)


def body(data: str, encoding: str = "CSV", content_type: str = "text/csv", mode: str = "INPUT") -> dict[str, str]:
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def record(inputs: dict[str, str] | None, outputs: dict[str, str] | None, event: str = "e-1") -> str:
    captured = {"endpointInput": inputs, "endpointOutput": outputs}
    line = {
        "captureData": {name: part for name, part in captured.items() if part},
        "eventMetadata": {"eventId": event, "inferenceTime": "2022-04-18T00:21:48Z"},
        "eventVersion": "0",
    }
    return json.dumps(line, separators=(",", ":")) + "\n"


def write(folder: Path, *records: str) -> Path:
    file = folder / "21-48-417-0c5f2b.jsonl"
    file.write_text("".join(records))
    return folder


def numbers(column: ReadColumn) -> list[float]:
    assert column.numbers is not None
    return column.numbers


def test_output_columns_come_first(tmp_path: Path, read: Read) -> None:
    line = (  # as SageMaker writes it, to the byte
        '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"132,10,182.9",'
        '"encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT",'
        '"data":"0.036","encoding":"CSV"}},"eventMetadata":{"eventId":"47d2a5ac-7f6a-4f1c-b3a7-3d7a29e6b2a0",'
        '"inferenceTime":"2022-04-18T00:21:48Z"},"eventVersion":"0"}\n'
    )
    columns = read(write(tmp_path, line), form=CAPTURE)
    assert {name: numbers(column) for name, column in columns.items()} == {
        "_c0": [0.036],
        "_c1": [132.0],
        "_c2": [10.0],
        "_c3": [182.9],
    }


def test_output_columns_come_last_where_the_format_says_so(tmp_path: Path, read: Read) -> None:
    form = DatasetFormat(Kind.CAPTURE, parts=("endpointInput", "endpointOutput"))
    columns = read(write(tmp_path, record(body("1,2"), body("9"))), form=form)
    assert [numbers(column) for column in columns.values()] == [[1.0], [2.0], [9.0]]


def test_names_come_from_the_baseline_by_position(tmp_path: Path, read: Read) -> None:
    expected = {"late": InferredType.INTEGRAL, "distance": InferredType.INTEGRAL}
    columns = read(write(tmp_path, record(body("1400,x"), body("1\n"))), form=CAPTURE, expected=expected)
    assert list(columns) == ["late", "distance", "_c2"]


def test_a_body_of_several_rows_is_several_rows(tmp_path: Path, read: Read) -> None:
    folder = write(
        tmp_path, record(body("1,2\n3,4\n5,6\n"), body("0.1\n0.2\n0.3\n")), record(body("7,8"), body("0.4\n"))
    )
    columns = read(folder, form=CAPTURE)
    assert [numbers(column) for column in columns.values()] == [[0.1, 0.2, 0.3, 0.4], [1, 3, 5, 7], [2, 4, 6, 8]]


def test_one_line_of_answers_to_several_rows_is_one_answer_a_row(tmp_path: Path, read: Read) -> None:
    columns = read(write(tmp_path, record(body("1,2\n3,4\n5,6"), body("0.1,0.2,0.3"))), form=CAPTURE)
    assert [numbers(column) for column in columns.values()] == [[0.1, 0.2, 0.3], [1, 3, 5], [2, 4, 6]]


def test_where_one_side_has_fewer_rows_the_rest_is_missing(tmp_path: Path) -> None:
    folder = write(tmp_path, record(body("1\n2\n3\n4"), body("0.1,0.9\n0.2,0.8\n0.3,0.7")))
    with open_dataset([folder], CAPTURE) as dataset:
        assert dataset.row_count == 4
        assert [column.types.present for column in dataset.columns] == [3, 3, 4]


@pytest.mark.parametrize(
    ("lines", "rows", "records"),
    [
        ([record(body("1,2"), body("9"))] * 3, 3, 3),
        ([record(body("1,2\n3,4\n5,6\n"), body("0.1\n0.2\n0.3\n")), record(body("7,8"), body("0.4\n"))], 4, 2),
        ([record(body("1,2"), body("9")), "{ broken"], 1, 2),
    ],
    ids=["plain", "several rows", "broken"],
)
def test_records_are_counted_whatever_rows_they_have(tmp_path: Path, lines: list[str], rows: int, records: int) -> None:
    with open_dataset([write(tmp_path, *lines)], CAPTURE) as dataset:
        assert (dataset.row_count, dataset.records) == (rows, records)


def test_base64_is_decoded_by_its_content_type(tmp_path: Path, read: Read) -> None:
    csv_body = body(base64.b64encode(b"1,a\n2,b\n").decode(), "BASE64")
    json_body = body(base64.b64encode(b'{"score": 0.5}').decode(), "BASE64", "application/json")
    lines = body(base64.b64encode(b'{"score": 0.25}\n{"score": 0.75}\n').decode(), "BASE64", "application/jsonlines")
    columns = read(write(tmp_path, record(csv_body, lines), record(body("3,c"), json_body)), form=CAPTURE)
    assert numbers(columns["score"]) == [0.25, 0.75, 0.5]
    assert numbers(columns["_c1"]) == [1.0, 2.0, 3.0]


ADDRESS = '{"age": 30, "address": {"zip": "02134", "lines": ["a", "b"]}}'


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ("0.93", [["0.93"]]),
        ("[0.1, 0.9]", [["0.1", "0.9"]]),
        ("[[1, 2], [3, 4]]", [["1", "2"], ["3", "4"]]),
        ('{"instances": [[1, "x"], [2, null]]}', [["1", "x"], ["2", None]]),
        ('{"instances": [{"features": [1, 2.0]}]}', [["1", "2.0"]]),
        ('{"predictions": [0.25, 0.75]}', [["0.25"], ["0.75"]]),
        (ADDRESS, [{"age": "30", "address.zip": "02134", "address.lines.0": "a", "address.lines.1": "b"}]),
        ('[{"a": true}, {"a": 1e-7}]', [{"a": "true"}, {"a": "1e-07"}]),
    ],
)
def test_a_json_body_is_flattened_into_rows(data: str, rows: list[object]) -> None:
    assert body_rows(body(data, "JSON", "application/json")) == rows


def test_the_other_endpoints_invocations_may_have_more_fields(tmp_path: Path, read: Read) -> None:
    folder = write(
        tmp_path,
        record(body('{"a": 1}', "JSON", "application/json"), body("5")),
        record(body('{"b": "x,\\ny", "a": 2}', "JSON", "application/json"), body("6")),
    )
    columns = read(folder, form=CAPTURE)
    assert list(columns) == ["_c0", "a", "b"]
    assert numbers(columns["a"]) == [1.0, 2.0]
    assert columns["b"].types == TypeCounts(string=1)
    assert columns["b"].categories is not None
    assert columns["b"].categories.counts == (("x,\ny", 1),)


def test_equal_names_of_input_and_output_stay_apart(tmp_path: Path, read: Read) -> None:
    both = record(body('{"score": 1}', "JSON", "application/json"), body('{"score": 2}', "JSON", "application/json"))
    columns = read(write(tmp_path, both), form=CAPTURE)
    assert {name: numbers(column) for name, column in columns.items()} == {"score": [2.0], "score_1": [1.0]}


def test_inputs_alone_are_a_dataset(tmp_path: Path, read: Read) -> None:
    assert list(read(write(tmp_path, record(body("1,2"), None)), form=CAPTURE)) == ["_c0", "_c1"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{broken\n", r"\.jsonl:2: not a line of JSON"),
        ('{"some": "json"}\n', r"\.jsonl:2: not a captured invocation: it has no captureData"),
        ("5\n", r"\.jsonl:2: not a JSON object"),
        ("[" * 100_000 + "\n", r"\.jsonl:2: not a line of JSON"),
        (record(body("{", "JSON", "application/json"), None), r"\.jsonl:2: event e-1: "),
        (record(body("!", "BASE64"), None), r"\.jsonl:2: event e-1: "),
        (record(body("aGk=", "BASE64", "image/png"), None), "type image/png is not a table .* record_preprocessor"),
        (record(body("1", "XML"), None), "encoding CSV, JSON or BASE64"),
        ('{"captureData":{"endpointInput":"1","endpointOutput":[2]}}\n', "no event id: a body is no object"),
        (record(body('1,"a\n2,b\n'), None), "event e-1: a body is no table: unexpected end"),
        (record(body('1,"' + "a" * 200_000 + '"'), None), "event e-1: a body is no table: field larger"),
    ],
)
def test_a_record_that_cannot_be_read_is_counted_and_named_and_the_others_are_read(
    tmp_path: Path, line: str, problem: str
) -> None:
    folder = write(tmp_path, record(body("1"), body("2")), line, record(body("3"), body("4")))
    with open_dataset([folder], CAPTURE) as dataset:
        assert dataset.row_count == 2
        assert dataset.unreadable.count == 1
        assert re.search(problem, dataset.unreadable.examples[0])


def test_half_a_surrogate_pair_is_text_like_any_other(tmp_path: Path, read: Read) -> None:
    lines = [record(body('{"a": "\\ud800"}', "JSON", "application/json"), None, event="\udc00"), "{\n"]
    assert read(write(tmp_path, *lines), form=CAPTURE)["a"].categories == Categories(1, (("\\ud800", 1),))


def test_characters_that_end_a_line_elsewhere_end_none_here(tmp_path: Path, read: Read) -> None:
    odd = "a\u2028b\x85c"
    folder = write(tmp_path, record(body(f'"x",{odd}'), body(f'{{"a": "{odd}"}}\n', "JSON", "application/jsonlines")))
    columns = read(folder, form=CAPTURE)
    assert (columns["a"].types.string, columns["_c2"].types.string) == (1, 1)


def test_captures_may_be_compressed(tmp_path: Path) -> None:
    lines = [record(body(str(value)), body("1")) for value in range(5)]
    (tmp_path / "data.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode()))
    for newest, rows in ((None, 5), (2, 2)):
        with open_dataset([tmp_path], CAPTURE, newest=newest) as dataset:
            assert dataset.row_count == rows


def test_a_line_that_is_no_text_is_counted(tmp_path: Path) -> None:
    write(tmp_path, record(body("1"), body("2")))
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe\n" + record(body("3"), body("4")).encode())
    with open_dataset([tmp_path], CAPTURE) as dataset:
        assert (dataset.row_count, dataset.unreadable.count) == (2, 1)


def test_records_of_which_none_can_be_read_are_an_error(tmp_path: Path, read: Read) -> None:
    folder = write(tmp_path, *[record(body("aGk=", "BASE64", "image/png"), None)] * 3)
    with pytest.raises(DatasetError, match=r"not one of 3 rows.*jsonl:1: event e-1: .*image/png"):
        read(folder, form=CAPTURE)


PLAIN = [record(body("1,x,,2.5"), body("0.5\n")), record(body("2,y,7,1e3\n"), body("0.25\r\n"))]
UNEVEN = {
    "a quoted cell": record(body('3,"a,b",,1'), body("1")),
    "several rows": record(body("3,z,1,1\n4,z,1,1"), body("1\n2")),
    "a cell more": record(body("3,z,1,1,9"), body("1")),
    "another encoding": record(body(base64.b64encode(b"3,z,1,1").decode(), "BASE64"), body("1")),
    "no answer": record(body("3,z,1,1"), None),
    "an empty answer": record(body("3,z,1,1"), body("")),
}


@pytest.mark.parametrize("uneven", UNEVEN)
def test_one_record_unlike_the_others_does_not_change_how_they_are_read(
    tmp_path: Path, read: Read, uneven: str
) -> None:
    """Those that are all alike are read by DuckDB, others one by one: the outcome may not depend on it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = read(write(tmp_path / "a", *PLAIN), form=CAPTURE)
    assert {name: column.numbers for name, column in plain.items() if column.numbers} == {
        "_c0": [0.5, 0.25],
        "_c1": [1.0, 2.0],
        "_c3": [7.0],
        "_c4": [2.5, 1000.0],
    }
    mixed = read(write(tmp_path / "b", *PLAIN, UNEVEN[uneven]), form=CAPTURE)
    for name, column in plain.items():
        if column.numbers:
            assert (mixed[name].numbers or [])[: len(column.numbers)] == column.numbers
        else:
            assert column.categories == Categories(2, (("x", 1), ("y", 1)))


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=8))
@settings(deadline=None, database=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_the_way_from_a_body_to_a_column(tmp_path: Path, read: Read, rows: list[list[str]]) -> None:
    lines = "".join(json.dumps({"a": a, "b": b}) + "\n" for a, b in rows)
    columns = read(
        write(tmp_path, record(body(lines, "JSON", "application/jsonlines"), None)),
        form=CAPTURE,
        expected={"a": InferredType.STRING, "b": InferredType.STRING},
    )
    for index, name in enumerate("ab"):
        categories = columns[name].categories
        assert categories is not None
        assert dict(categories.counts) == {
            text: [row[index] for row in rows].count(text) for text in {row[index] for row in rows}
        }


def hours(folder: Path, **files: range) -> Path:
    """Captures of two variants: by hour, minute and variant the numbers in them."""
    for name, values in files.items():
        variant, hour, minute = name.split("_")
        path = folder / variant / "2026/11/24" / hour / f"{minute}-00-000-{variant}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(record(body(str(value)), body("0")) for value in values))
    return folder


@pytest.mark.parametrize(
    ("newest", "found"),
    [
        (1, [5]),
        (3, [5, 3, 4]),  # of the file before, in the other variant, the newer ones
        (5, [5, 3, 4, 1, 2]),
        (6, [5, 3, 4, 0, 1, 2]),
        (600, [5, 3, 4, 0, 1, 2]),
    ],
)
def test_a_window_by_count_has_the_newest_records_of_all_variants(
    tmp_path: Path, newest: int, found: list[int]
) -> None:
    folder = hours(tmp_path, a_10_59=range(0, 3), b_11_00=range(3, 5), a_11_30=range(5, 6))
    with open_dataset([folder], CAPTURE, newest=newest) as dataset:
        column = next(column for column in dataset.columns if column.name == "_c1")
        values = [value for block in column.numbers() or () for value in block]
        assert sorted(values) == sorted(found)
        assert (dataset.row_count, dataset.records) == (len(found), 6)


def test_a_broken_one_of_the_newest_records_is_named_where_it_stands(tmp_path: Path) -> None:
    folder = write(tmp_path, *[record(body(str(value)), body("0")) for value in range(5)], "\n", "{\n")
    with open_dataset([folder], CAPTURE, newest=3) as dataset:
        assert (dataset.row_count, dataset.unreadable.count) == (2, 1)
        assert dataset.unreadable.examples[0].startswith(f"{tmp_path}/21-48-417-0c5f2b.jsonl:7: not a line")


def test_rows_that_are_no_records_have_no_newest_ones(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")
    with (
        pytest.raises(ConfigurationError, match="newest_records takes captured records, and the dataset_format is csv"),
        open_dataset([tmp_path], DatasetFormat(Kind.CSV), newest=5),
    ):
        pass
