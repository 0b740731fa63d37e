"""A whole analysis by the command: what it could not read, and which rows it found unusual."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsystem.monitor.command import run_command

ROWS = 1000


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def lines(count: int, broken: int = 0) -> str:
    good = [f"{place % 100}.5,{'abc'[place % 3]}" for place in range(count)]
    return "\n".join(["n,w", *good[: count // 2], *["1,2,3"] * broken, *good[count // 2 :], ""])


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    (tmp_path / "train.csv").write_text(lines(ROWS))
    assert run_command(["profile", str(tmp_path / "train.csv"), "--output", str(tmp_path / "baseline")], now)[0] == 0
    return tmp_path / "baseline"


def checked(tmp_path: Path, baseline: Path, text: str) -> tuple[int, str, Path]:
    (tmp_path / "now.csv").write_text(text)
    out = tmp_path / "out"
    code, told = run_command(
        ["check", str(tmp_path / "now.csv"), "--baseline", str(baseline), "--output", str(out)], now
    )
    return code, told, out


@pytest.mark.parametrize(("broken", "verdict"), [(0, "not drifted"), (10, "not drifted"), (11, "cannot tell")])
def test_what_is_not_found_in_the_readable_rows_is_no_verdict_if_more_than_one_in_a_hundred_is_not_readable(
    tmp_path: Path, baseline: Path, broken: int, verdict: str
) -> None:
    code, told, out = checked(tmp_path, baseline, lines(ROWS, broken))
    assert code == 0
    found = json.loads((out / "verdicts.json").read_text())
    assert (found["verdict"], found["unreadable_rows"]) == (verdict, broken)
    assert len(found["unreadable_examples"]) == min(broken, 10)
    first = f"{broken} of {ROWS + broken} rows could not be read; the first is {tmp_path}/now.csv:502: Expected Number"
    assert (first in told) == (broken > 0)


def test_a_drift_in_the_readable_rows_is_one_however_many_are_not_readable(tmp_path: Path, baseline: Path) -> None:
    text = lines(ROWS, broken=500).replace(".5,", "000.5,")
    _, _, out = checked(tmp_path, baseline, text)
    features = json.loads((out / "verdicts.json").read_text())["features"]
    assert {feature["feature_name"]: feature["verdict"] for feature in features} == {
        "n": "drifted",
        "w": "cannot tell",
    }


def test_a_baseline_is_not_made_of_a_part_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(lines(ROWS, broken=11))
    out = tmp_path / "baseline"
    code, told = run_command(["profile", str(tmp_path / "train.csv"), "--output", str(out)], now)
    assert (code, told[:34]) == (1, "11 of 1011 rows could not be read;")
    assert "mend the files" in told
    assert not (out / "statistics.json").exists()


def test_numbers_too_large_to_reckon_with_are_seen_as_missing(tmp_path: Path, baseline: Path) -> None:
    text = lines(ROWS).splitlines()
    text[1:11] = [f"{sign}1e308,a" for sign in ("", "-") * 5]
    code, told, out = checked(tmp_path, baseline, "\n".join(text) + "\n")
    assert code == 0
    assert "n: completeness_check: Value: 0.99 does not meet the constraint requirement!" in told
    assert json.loads((out / "report.json").read_text())["worst_rows"][0]["cells"][0]["value"] == "1e+308"


def test_a_check_names_the_most_unusual_row(tmp_path: Path, baseline: Path) -> None:
    text = lines(ROWS).splitlines()
    text[700] = "99999.0,zz"
    _, _, out = checked(tmp_path, baseline, "\n".join(text) + "\n")
    report = json.loads((out / "report.json").read_text())
    worst = report["worst_rows"][0]
    assert (worst["row"], report["rows_searched"]) == (700, ROWS)
    assert {cell["feature_name"]: cell["value"] for cell in worst["cells"]} == {"n": "99999", "w": "zz"}


def test_of_very_many_rows_some_that_are_spread_evenly_are_searched(tmp_path: Path, baseline: Path) -> None:
    """Blocks of 10,000 rows, as far apart as it takes."""
    count = 250_000
    text = lines(count).splitlines()
    text[1], text[249_990] = "77777.5,a", "88888.5,a"
    text[100_001] = "99999.5,a"
    _, _, out = checked(tmp_path, baseline, "\n".join(text) + "\n")
    report = json.loads((out / "report.json").read_text())
    assert report["rows_searched"] == 100_000
    assert [row["row"] for row in report["worst_rows"][:2]] == [100_001, 1]
