"""CSV, Parquet and JSON lines as columns."""

import gzip
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from mlsystem.monitor.errors import DatasetError, NoDataError
from mlsystem.monitor.profile import Categories
from mlsystem.monitor.reading import DatasetFormat, Kind, open_dataset, opening
from mlsystem.monitor.types import (
    BOOLEAN_PATTERN,
    FRACTIONAL_PATTERN,
    INTEGRAL_PATTERN,
    InferredType,
    TypeCounts,
)
from tests.unit.monitor.columns import Read, ReadColumn

CSV = DatasetFormat(Kind.CSV)
NO_HEADER = DatasetFormat(Kind.CSV, has_header=False)
JSON_LINES = DatasetFormat(Kind.JSON_LINES)
PARQUET = DatasetFormat(Kind.PARQUET)


def numbers(column: ReadColumn) -> list[float]:
    assert column.numbers is not None
    return column.numbers


def test_csv_with_a_header_has_typed_columns_in_order(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    file.write_text('count,ratio,word,flag,gap\n1,0.5,"a,b",true,\n2,1e2,,false,\n- 3,- .5,"say ""hi""",true,\n')
    columns = read(file, form=CSV)
    assert list(columns) == ["count", "ratio", "word", "flag", "gap"]
    assert columns["count"].types == TypeCounts(integral=3)
    assert numbers(columns["count"]) == [1.0, 2.0, -3.0]
    assert columns["count"].categories is None
    assert columns["ratio"].types == TypeCounts(fractional=2, string=1)
    assert columns["word"].types == TypeCounts(string=2)
    assert columns["word"].categories == Categories(2, (("a,b", 1), ('say "hi"', 1)))
    assert columns["flag"].types == TypeCounts(boolean=3)
    assert columns["flag"].categories == Categories(2, (("true", 2), ("false", 1)))
    assert columns["gap"].types == TypeCounts()
    assert (columns["gap"].numbers, columns["gap"].categories) == (None, None)


def test_csv_without_a_header_takes_the_baselines_names_by_position(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    file.write_text("1,x,2.5\n2,y,3.5\n")
    assert list(read(file, form=NO_HEADER)) == ["_c0", "_c1", "_c2"]
    expected = {"label": InferredType.INTEGRAL, "kind": InferredType.STRING}
    assert list(read(file, form=NO_HEADER, expected=expected)) == ["label", "kind", "_c2"]


def test_several_files_are_one_dataset_in_the_order_of_their_names(tmp_path: Path, read: Read) -> None:
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "part.csv").write_text("b,a\n30,3\n")
    (tmp_path / "1.csv").write_text("a,b\n1,10\n2,20\n")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden").write_text("no,csv,at all\n")
    columns = read(tmp_path, form=CSV)
    assert numbers(columns["a"]) == [1.0, 2.0, 3.0]
    assert numbers(columns["b"]) == [10.0, 20.0, 30.0]


def test_rows_keep_their_order_however_many_threads_read_them(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    expected = np.arange(300_000.0)
    file.write_text("n\n" + "\n".join(str(int(number)) for number in expected) + "\n")
    assert numbers(read(file, form=CSV)["n"]) == expected.tolist()


@pytest.mark.parametrize("number", ["1e999", "1e308", "-1e308", "1e151"])
@pytest.mark.parametrize("beside", ["", ",1"])
def test_a_number_too_large_to_reckon_with_is_missing(tmp_path: Path, read: Read, number: str, beside: str) -> None:
    file = tmp_path / "data.csv"
    file.write_text(f"n{beside and ',m'}\n1.5{beside}\n{number}{beside}\n")
    column = read(file, form=CSV)["n"]
    assert column.types == TypeCounts(fractional=2)
    assert numbers(column) == [1.5]


def test_among_strings_only_what_the_patterns_call_a_number_is_one(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    file.write_text("n\n1\nInfinity\n1_000\nNaN\n2.5\n")
    column = read(file, form=CSV, expected={"n": InferredType.FRACTIONAL})["n"]
    assert column.types == TypeCounts(fractional=1, integral=1, string=3)
    assert numbers(column) == [1.0, 2.5]
    assert column.categories is not None
    assert column.categories.distinct == 5


def test_a_baseline_of_strings_gets_its_categories_also_from_numbers(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    file.write_text("zip\n02134\n10001\n02134\n")
    column = read(file, form=CSV, expected={"zip": InferredType.STRING})["zip"]
    assert column.categories == Categories(2, (("02134", 2), ("10001", 1)))


def test_of_many_categories_the_most_frequent_thousand_are_kept(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    names = [f"id{number}" for number in range(3000)]
    file.write_text("id\n" + "\n".join([*names, "id2999", "id2999"]) + "\n")
    categories = read(file, form=CSV)["id"].categories
    assert categories is not None
    assert categories.distinct == 3000
    assert len(categories.counts) == 1000
    assert categories.counts[0] == ("id2999", 3)


def test_five_hundred_columns_and_more_are_read(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    file.write_text(",".join(f"f{i}" for i in range(520)) + "\n" + ",".join(["1"] * 520) + "\n")
    columns = read(file, form=CSV)
    assert len(columns) == 520
    assert numbers(columns["f519"]) == [1.0]


def test_data_of_very_many_columns_get_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[str] = []
    connect = opening._connect

    def noted(folder: Path, memory: str) -> Any:
        limits.append(memory)
        return connect(folder, memory)

    monkeypatch.setattr(opening, "_connect", noted)
    monkeypatch.setattr(opening, "_MEMORY", ("8MB", "512MB"))
    file = tmp_path / "data.csv"
    lines = [",".join(f"f{i}" for i in range(220)), *[",".join([str(row)] * 220) for row in range(3)]]
    file.write_text("\n".join(lines) + "\n")
    with open_dataset([file], CSV) as dataset:
        assert (len(dataset.columns), dataset.row_count) == (220, 3)
        blocks = list(dataset.sample({f"f{i}": True for i in range(220)}, 100))
        assert [value for _, block in blocks for value in block["f219"]] == [0.0, 1.0, 2.0]
    assert limits == ["8MB", "512MB"]
    monkeypatch.setattr(opening, "_MEMORY", ("8MB", "9MB"))
    with pytest.raises(DatasetError, match="Out of Memory"), open_dataset([file], CSV):
        pass


def test_json_lines_are_flattened_and_keep_their_types(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(
        '{"n": 1, "o": {"word": "x", "more": [1.5, 2]}, "rows": [{"a": 1}], "at": "2013-01-01T10:00:00Z", "five": "5"}\n'
        '{"n": 2, "o": {"word": "y", "more": [2.5, 3, 4]}, "rows": [], "at": "2013-01-02T10:00:00Z", "five": "6"}\n'
    )
    columns = read(file, form=JSON_LINES)
    assert list(columns) == ["n", "o.word", "o.more.0", "o.more.1", "o.more.2", "rows.0.a", "at", "five"]
    assert columns["n"].types == TypeCounts(integral=2)
    assert numbers(columns["o.more.2"]) == [4.0]
    assert columns["at"].categories == Categories(2, (("2013-01-01T10:00:00Z", 1), ("2013-01-02T10:00:00Z", 1)))
    assert columns["five"].types == TypeCounts(integral=2)


def test_json_values_of_several_types_are_text_without_quotes(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"a": 1}\n{"a": "x"}\n{"a": true}\n{"a": null}\n')
    column = read(file, form=JSON_LINES)["a"]
    assert column.types == TypeCounts(integral=1, boolean=1, string=1)
    assert column.categories == Categories(3, (("1", 1), ("true", 1), ("x", 1)))


def test_parquet_keeps_its_types_and_nan_is_missing(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT * FROM (VALUES (1::BIGINT, 1.0::DOUBLE, true, 'x', {'a': [7]}),"
            f" (2, 'nan'::DOUBLE, NULL, 'y', NULL)) t(n, r, b, s, o)) TO '{file}' (FORMAT parquet)"
        )
    columns = read(file, form=PARQUET)
    assert list(columns) == ["n", "r", "b", "s", "o.a.0"]
    assert columns["r"].types == TypeCounts(fractional=1)
    assert numbers(columns["r"]) == [1.0]
    assert columns["b"].types == TypeCounts(boolean=1)
    assert numbers(columns["o.a.0"]) == [7.0]


def test_no_data_names_the_folder_what_it_holds_and_the_window(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("a,b\n")
    for path, finding in [(tmp_path, "holds 1 file(s) without a row"), (tmp_path / "gone", "does not exist")]:
        with (
            pytest.raises(NoDataError) as caught,
            open_dataset([path], CSV, window="2026-01-01T00:00:00Z to 2026-01-01T01:00:00Z"),
        ):
            pass
        assert str(caught.value) == (
            f"Job inputs had no data: {path} {finding}, for the window 2026-01-01T00:00:00Z to 2026-01-01T01:00:00Z"
        )


def test_lines_that_cannot_be_read_are_counted_and_named_and_the_others_are_read(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(b"a,b\n1,2\n1,2,3\n4\n\xff\xfe,8\n5,6\n")
    with open_dataset([file], CSV) as dataset:
        assert dataset.row_count == 2
        assert dataset.unreadable.count == 3
        assert dataset.unreadable.examples[0] == f"{file}:3: Expected Number of Columns: 2 Found: 3"
    assert numbers(read(file, form=CSV)["a"]) == [1.0, 5.0]


def test_an_open_quote_hides_all_that_follows_and_they_count(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text('a,b\n1,2\n"3,4\n5,6\n7,8\n')
    with open_dataset([file], CSV) as dataset:
        assert (dataset.row_count, dataset.unreadable.count) == (1, 3)


def test_a_file_in_another_encoding_is_an_error(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(DatasetError, match=r"data\.csv cannot be read as csv: 'utf-8' codec"):
        read(file, form=CSV)


@pytest.mark.parametrize("line", [b'{"a":\n', b"\xff\n", b"[1]\n", b"5\n"])
def test_lines_that_are_no_json_objects_are_counted_and_named(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(b'{"a": 1}\n' + line + b'{"a": 2, "b": "x"}\n')
    with open_dataset([file], JSON_LINES) as dataset:
        assert dataset.row_count == 2
        assert [column.name for column in dataset.columns] == ["a", "b"]
        assert dataset.unreadable.count == 1
        assert dataset.unreadable.examples[0].startswith(f"{file}:2: not a")


def test_a_file_without_one_json_object_is_an_error(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match=r"cannot be read as json: not one of 2 rows\. .*data\.jsonl:1: not a line"):
        read(file, form=JSON_LINES)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("data.csv.gz", b"a,b\n1,2\n", "Not a gzipped file"),
        ("data.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:12], "ended before"),
        ("data.csv", b"\na,b\n1,2\n", "its first line is empty"),
        ("data.csv", b"\0" * 4096, "its first line is no text"),
        ("data.csv", b"a," + b"b" * 200_000 + b"\n1,2\n", "field larger"),
        ("data.csv", "a,b\n1,2\n".encode("utf-16"), "'utf-8' codec"),
    ],
)
def test_a_csv_file_that_cannot_be_read_is_named_among_others(
    tmp_path: Path, read: Read, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=f"{tmp_path / name} cannot be read.*{problem}"):
        read(tmp_path, form=CSV)


def test_json_lines_may_be_compressed_and_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl.gz"
    file.write_bytes(gzip.compress(b'\xef\xbb\xbf{"a": 1}\n{"a":\n{"a": 2}\n'))
    with open_dataset([file], JSON_LINES) as dataset:
        assert (dataset.row_count, dataset.unreadable.count) == (2, 1)
        assert dataset.unreadable.examples[0].startswith(f"{file}:2: not a line of JSON")


def test_json_lines_that_duckdb_refuses_do_not_hinder_the_others(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"a": 1, "a": 2}\n{"a": "\\ud800"}\n{"a": 3}\n')
    assert numbers(read(file, form=JSON_LINES)["a"]) == [2.0, 3.0]


@pytest.mark.parametrize("form", [JSON_LINES, DatasetFormat(Kind.CAPTURE), NO_HEADER])
@pytest.mark.parametrize("damage", [b"\0" * 4096, b"garbage\n"])
def test_of_what_is_no_text_nobody_knows_how_many_rows_it_was(
    tmp_path: Path, form: DatasetFormat, damage: bytes
) -> None:
    body = '{"data": "1,2", "encoding": "CSV"}'
    line = (
        f'{{"captureData": {{"endpointInput": {body}, "endpointOutput": {body}}}}}' if form is not NO_HEADER else "1,2"
    )
    (tmp_path / "a.jsonl").write_text(f"{line}\n" * 1000)
    (tmp_path / "b.jsonl").write_bytes(damage)
    with open_dataset([tmp_path], form) as dataset:
        assert (dataset.row_count, dataset.unreadable.count) == (1000, 1)
        assert dataset.unreadable.is_tolerable(1000) == (damage == b"garbage\n")


def test_a_list_on_one_line_is_no_row_of_many_columns(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('[{"a": 1}, {"a": 2}]\n')
    with pytest.raises(DatasetError, match="not a JSON object"):
        read(file, form=JSON_LINES)


def test_each_key_of_json_lines_is_a_column_however_few_lines_have_it(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text("".join(f'{{"n": {i}, "k{i}": 1, "o": {{"k{i}": 1}}}}\n' for i in range(250)))
    columns = read(file, form=JSON_LINES)
    assert len(columns) == 501
    assert columns["n"].types == TypeCounts(integral=250)
    assert columns["o.k7"].types == TypeCounts(integral=1)


def test_a_file_is_read_whose_name_looks_like_a_glob(tmp_path: Path, read: Read) -> None:
    for suffix, form in ((".csv", CSV), (".jsonl", JSON_LINES)):
        for name, value in (("data1", 1), ("data[1]", 2)):
            line = f"a,b\n{value},0\n" if form is CSV else f'{{"a": {value}}}\n'
            (tmp_path / f"{name}{suffix}").write_text(line)
        assert numbers(read(tmp_path / f"data[1]{suffix}", form=form)["a"]) == [2.0]


def test_folders_whose_names_look_like_partitions_are_no_columns(tmp_path: Path, read: Read) -> None:
    folder = tmp_path / "day=1"
    folder.mkdir()
    (folder / "data.jsonl").write_text('{"a": 1}\n')
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS a) TO '{folder / 'data.parquet'}' (FORMAT parquet)")
    assert list(read(folder / "data.jsonl", form=JSON_LINES)) == ["a"]
    assert list(read(folder / "data.parquet", form=PARQUET)) == ["a"]


SURPRISES = {
    "integers": (["1"] * 6000, ["x", "2.5", "true", "- 7", "+8", ".5", "1_0", "9|1", "1e400"]),
    "fractions": (["1.5"] * 6000, ["x", "2", "true", "- 7.5", "+8.5", ".5", "1_0", "9.5|1.5", "5.", " 1.5"]),
    "words": (["abc"] * 6000, ["1", "2.5", "true", "-3", "zz", "1x"]),
    "flags": (["true"] * 6000, ["1", "false", "True", "-3"]),
    "nothing": ([""] * 6000, ["1", "2.5", "x"]),
}


@pytest.mark.parametrize("beginning", SURPRISES)
@pytest.mark.parametrize("place", [0, 5999])
@pytest.mark.parametrize("expected", [None, InferredType.STRING, InferredType.FRACTIONAL])
def test_what_the_first_rows_look_like_decides_nothing(
    tmp_path: Path, read: Read, beginning: str, place: int, expected: InferredType | None
) -> None:
    """Guesses make it fast; each value is what the patterns say, wherever it stands."""
    usual, odd = SURPRISES[beginning]
    for values in [odd] if place == 0 else [[value] for value in odd]:
        rows = [*usual[:place], *values, *usual[place:]]
        file = tmp_path / "data.csv"
        file.write_text("a,b\n" + "".join(f"{row},{row}\n" for row in rows))
        column = read(file, form=CSV, expected={"a": expected} if expected else None)["a"]
        counts = Counter(map(kind_of, filter(None, rows)))
        assert column.types == TypeCounts(*(counts[kind] for kind in ("fractional", "integral", "boolean", "string")))
        if column.numbers is not None:
            assert column.numbers == [number for row in rows if (number := number_of(row)) is not None]
        if column.categories is not None:
            assert dict(column.categories.counts) == Counter(filter(None, rows))


def kind_of(text: str) -> str:
    patterns = {"fractional": FRACTIONAL_PATTERN, "integral": INTEGRAL_PATTERN, "boolean": BOOLEAN_PATTERN}
    return next((kind for kind, pattern in patterns.items() if re.fullmatch(pattern, text)), "string")


def number_of(text: str) -> float | None:
    if kind_of(text) not in ("fractional", "integral"):
        return None
    number = float(text.replace(" ", ""))
    return number if math.isfinite(number) else None


def test_a_file_of_another_format_is_an_error_that_names_it(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "data.parquet"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match=r"data\.parquet cannot be read as parquet"):
        read(file, form=PARQUET)


@pytest.mark.parametrize("row", ['{"a": ' * 120 + "1" + "}" * 120, '{"a": ' + "[" * 120 + "1" + "]" * 120 + "}"])
def test_structures_without_an_end_are_refused_at_once(tmp_path: Path, row: str) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(f"{row}\n")
    with (
        pytest.raises(DatasetError, match="nested more than"),
        open_dataset([file], DatasetFormat(Kind.JSON_LINES)),
    ):
        pass
