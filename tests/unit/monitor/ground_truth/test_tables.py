"""Rows of plain files, whatever they are written in."""

import csv
import gzip
from pathlib import Path

import duckdb
import pytest

from mlsystem.monitor.ground_truth.tables import table_rows
from mlsystem.monitor.reading import DatasetFormat, Kind
from mlsystem.monitor.unreadable import UnreadableTally

ROW = {"label": "1", "prediction": "0.5"}


def rows(path: Path, kind: Kind, has_header: bool = True) -> tuple[list[object], UnreadableTally]:
    tally = UnreadableTally()
    return [row for _, row in table_rows([path], DatasetFormat(kind, has_header), tally)], tally


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    text = "label,prediction\n1,0.5\n1,\n"
    (tmp_path / "a.csv").write_text(text)
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(text)
    (tmp_path / "a.jsonl").write_text('{"label": 1, "prediction": 0.5}\n\n{"label": 1, "prediction": null}\n')
    table = "(VALUES (1, 0.5::DOUBLE), (1, NULL)) t(label, prediction)"
    duckdb.execute(f"COPY (SELECT * FROM {table}) TO '{tmp_path}/a.parquet'")
    for name, kind in [
        ("a.csv", Kind.CSV),
        ("a.csv.gz", Kind.CSV),
        ("a.jsonl", Kind.JSON_LINES),
        ("a.parquet", Kind.PARQUET),
    ]:
        assert rows(tmp_path / name, kind)[0] == [ROW, {**ROW, "prediction": None}], name


def test_without_a_header_cells_have_positions(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,0.5\n0,\n")
    assert rows(tmp_path / "a.csv", Kind.CSV, has_header=False)[0] == [["1", "0.5"], ["0", None]]


def test_what_is_no_row_is_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('label,prediction\n1,0.5\n1,2,3\n\n"open\n1,0.5\n1,0.5\n')
    found, tally = rows(path, Kind.CSV)
    assert found == [ROW]
    assert tally.count == 4  # the line of three cells, and the three lines that the open quote takes
    assert tally.result().examples[0] == f"{path}:3: 3 cells, and the first line has 2"
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"label": 1}\n[1]\n{\n')
    found, tally = rows(lines, Kind.JSON_LINES)
    assert found == [{"label": "1"}]
    assert [example.split(": ")[1] for example in tally.result().examples] == [
        "not a JSON object",
        "not a line of JSON",
    ]


def test_a_file_that_cannot_be_read_any_further_is_no_smaller_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label\n" + "x" * 200_000 + "\n1\n")
    with pytest.raises(csv.Error):
        rows(tmp_path / "a.csv", Kind.CSV)
    (tmp_path / "b.csv").write_bytes(b"label\n\xff\n")
    with pytest.raises(UnicodeDecodeError):
        rows(tmp_path / "b.csv", Kind.CSV)


def test_records_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sagemakerCaptureJson are records"):
        rows(tmp_path / "a.jsonl", Kind.CAPTURE)
