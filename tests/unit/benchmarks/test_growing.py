"""The benchmark of growth: what it calls a finding, and what it tells."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import growth as program
from benchmarks.growing.growth import Growth, Ought, Quantity, exponent
from benchmarks.growing.report import markdown, picture
from benchmarks.long_past import multiply_kinds

SVG = "{http://www.w3.org/2000/svg}"


def _growth(ought: Ought, values: dict[int, float], unseen: float = 0.0) -> Growth:
    quantity = Quantity("time", "s", ought, unseen)
    return Growth("rows", "rows", (quantity,), {size: {"time": value} for size, value in values.items()})


@pytest.mark.parametrize(
    ("values", "power"),
    [
        ({1: 3.0, 10: 3.0, 100: 3.0}, 0.0),
        ({1: 1.0, 10: 10.0, 100: 100.0}, 1.0),
        ({1: 1.0, 10: 100.0, 100: 10_000.0}, 2.0),
        # What it costs once hides in the small sizes what comes with the large ones: the upper half counts.
        ({1: 100.0, 10: 101.0, 100: 200.0, 1000: 20_000.0}, 1.148),
        ({1: 5.0}, 0.0),
        ({1: 0.0, 10: 0.0}, 0.0),
    ],
)
def test_the_power_is_that_of_the_upper_half_of_the_sizes(values: dict[int, float], power: float) -> None:
    assert exponent(values) == pytest.approx(power, abs=0.001)


@pytest.mark.parametrize(
    ("ought", "values", "is_finding"),
    [
        (Ought.BE_FLAT, {1: 10.0, 100: 14.0}, False),
        (Ought.BE_FLAT, {1: 10.0, 100: 16.0}, True),
        (Ought.BE_IN_PROPORTION, {1: 1.0, 10: 10.0, 100: 100.0}, False),
        (Ought.BE_IN_PROPORTION, {1: 1.0, 10: 10.0, 100: 200.0}, True),
        (Ought.NOT_FALL, {1: 100.0, 10: 70.0}, False),
        (Ought.NOT_FALL, {1: 100.0, 10: 60.0}, True),
        (Ought.NOT_FALL, {1: 100.0, 10: 900.0}, False),
    ],
)
def test_a_finding_is_what_grows_otherwise_than_it_ought_to(
    ought: Ought, values: dict[int, float], is_finding: bool
) -> None:
    found = _growth(ought, values).findings()
    assert bool(found) is is_finding
    assert all(f"it ought to {ought.value}" in words for words in found)


@pytest.mark.parametrize("ought", list(Ought))
def test_what_nobody_would_notice_is_no_finding(ought: Ought) -> None:
    values = {1: 90.0, 10: 1.0} if ought is Ought.NOT_FALL else {1: 1.0, 10: 90.0}
    assert _growth(ought, values, unseen=80.0).findings() != []
    assert _growth(ought, values, unseen=90.0).findings() == []


def test_what_was_too_little_to_be_measured_has_no_power() -> None:
    assert _growth(Ought.BE_FLAT, {1: 5.0, 10: 5.0, 100: 0.0}).as_json()["powers"] == {"time": 0.0}


def test_tables_and_picture_tell_each_size_and_the_findings() -> None:
    growth = _growth(Ought.BE_FLAT, {1: 1.0, 10: 10.0, 1000: 100.0})
    quiet = Growth("features", "features", (Quantity("time", "s", Ought.BE_FLAT, 0.0),), {10: {"time": 2.0}})
    found = {one.part: json.loads(json.dumps(one.as_json())) for one in (growth, quiet)}
    told = markdown(found, {"console": "there is no state"})
    assert "| rows | 1 | 10 | 1,000 | power |\n" in told
    assert "| time, s | 1 | 10 | 100 | 0.50 |\n" in told
    assert "- time of 1,000 rows is 100 s, of 1 1: it ought to be flat\n" in told
    assert "- Nothing grows otherwise than it ought to.\n" in told
    assert "Not measured: console: there is no state." in told
    drawn = ElementTree.fromstring(picture(found))
    lines = [one.get("points", "").split() for one in drawn.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [3, 3], (
        "what is in proportion, and the quantity; one size makes no curve"
    )
    heights = [float(point.split(",")[1]) for point in lines[1]]
    assert heights == sorted(heights, reverse=True), "upwards"


def test_parts_that_are_not_measured_now_keep_what_an_earlier_run_found(tmp_path: Path) -> None:
    for part in ("rows", "endpoints"):
        found = program._kept(tmp_path / program.JSON_FILE)
        found[part] = _growth(Ought.BE_FLAT, {1: 1.0, 10: 1.0}).as_json()
        program._write(tmp_path, found, {})
    assert list(program._kept(tmp_path / program.JSON_FILE)) == ["endpoints", "rows"], "in the order of the parts"
    assert (tmp_path / "growth.md").read_text().count("\n### ") == 1, "and the first is at its very beginning"
    assert (tmp_path / "growth.svg").read_text().count("<polyline") == 4


def test_each_part_has_sizes_for_a_short_run_and_for_a_whole_one() -> None:
    assert set(program.SIZES) == set(program.QUICK_SIZES)
    assert all(len(sizes) == 2 and max(sizes) <= 2000 for sizes in program.QUICK_SIZES.values())
    assert all(list(sizes) == sorted(sizes) for sizes in program.SIZES.values())


def test_records_of_a_kind_are_multiplied_each_older_than_what_happened(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    columns = "kind TEXT, key TEXT, parent TEXT, state TEXT, body TEXT, created_at REAL, updated_at REAL"
    with sqlite3.connect(database) as connection:
        connection.execute(f"CREATE TABLE records ({columns})")
        body = '{"key": "one", "begun": 1700000000.5}'
        row = ("codebuild.build", "one", "", "ended", body, 1700000000.5, 1700000001.5)
        connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    multiply_kinds(database, {"codebuild.build": 3, "sagemaker.trial": 3})
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT kind, key, body, created_at FROM records ORDER BY created_at DESC").fetchall()
    connection.close()
    assert [row[0] for row in rows] == ["codebuild.build"] * 4, "of what never happened nothing is made"
    assert [row[1] for row in rows] == ["one", "one-0", "one-1", "one-2"]
    assert json.loads(rows[1][2]) == {"key": "one-0", "begun": 1700000000.5 - 3600}
    assert len({row[3] for row in rows}) == 4
