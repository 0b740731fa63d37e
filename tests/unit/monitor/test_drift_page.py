"""docs/drift.md: its commands run and say what the page says, its tables are what the code does and what was measured."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import monitor_false_alarms
from mlsystem.monitor.command import run_command
from mlsystem.monitor.constraints_document import parse_constraints
from mlsystem.monitor.distances import CATEGORICAL_METHODS, COMPARISON_METHODS, NUMERIC_METHODS, numeric_method
from mlsystem.monitor.multiple_testing import CORRECTIONS
from mlsystem.monitor.sketch import KllSketch
from mlsystem.monitor.verdicts import Verdict

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "drift.md").read_text()
PROGRAM = "python -m mlsystem.monitor "
MEASURED = json.loads((ROOT / "benchmarks" / "results" / "monitor_false_alarms.json").read_text())


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    return [body for name, body in found if name == language]


def rows_of_table(heading: str) -> list[list[str]]:
    """The cells of the table whose first column has that heading, without backticks."""
    table = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def test_the_commands_run_and_tell_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, start in [("train.csv", 0), ("hour.csv", 400)]:
        rows = [f"{start + i},{'ab'[i % 2]}," for i in range(1000)]
        Path(name).write_text("\n".join(["n,word,spare", *rows, ""]))
    lines = "".join(blocks("bash")).splitlines()
    assert len(lines) == 3
    answers = []
    for line in lines:
        assert line.startswith(PROGRAM)
        answers.append(run_command(shlex.split(line.removeprefix(PROGRAM)), lambda: datetime(2026, 11, 24, tzinfo=UTC)))
    assert [code for code, _ in answers] == [0, 0, 0]
    assert [text for _, text in answers[1:]] == [block.strip() for block in blocks("")]
    assert json.loads(Path("found/verdicts.json").read_text())["verdict"] == "drifted"
    assert Path("found/report.html").exists()


def test_the_settings_of_the_page_are_read_as_it_says() -> None:
    settings = next(read for read in map(json.loads, blocks("json")) if "perform_comparison" in read)
    config = parse_constraints({"features": [], "monitoring_config": {"distribution_constraints": settings}}).config
    assert {key: getattr(config, key) for key in settings} == settings | {"perform_comparison": True}


def test_every_method_is_described_with_its_default_and_its_least_number_of_values() -> None:
    described = {row[0]: row for row in rows_of_table("method")}
    assert set(described) == {*set(COMPARISON_METHODS) - {"linf_simple", "linf_robust"}, *CATEGORICAL_METHODS}
    for name, row in described.items():
        method: Any = CATEGORICAL_METHODS[name] if name in CATEGORICAL_METHODS else numeric_method(name)
        assert re.search(r"(?:above|below) ([\d.]+\d)", row[3]).group(1) == f"{method.default_threshold:g}"  # type: ignore[union-attr]
        assert row[4].split()[0] == f"{method.minimum_sample}"


def test_every_verdict_and_every_correction_is_described() -> None:
    assert [row[0] for row in rows_of_table("verdict")] == [verdict.value for verdict in Verdict]
    shares = {row[0].split()[0]: float(row[2]) for row in rows_of_table("value")}
    assert list(shares) == list(CORRECTIONS)
    assert shares == {name: round(share, 3) for name, share in MEASURED["datasets_of_twenty_features"].items()}


def test_what_the_page_says_of_sketches_is_what_they_say_of_themselves() -> None:
    rows = rows_of_table("rows")
    assert len(rows) == 4
    for row in rows:
        sketch = KllSketch()
        sketch.update(np.arange(float(row[0].replace(",", ""))))
        assert float(row[1]) == pytest.approx(sketch.rank_error(), rel=0.05)
        assert float(row[2]) == pytest.approx(sketch.rank_variance() ** 0.5, rel=0.15)
        assert row[4] == f"{sketch.sample().effective_total:,.0f} rows"


def test_the_smallest_shifts_are_those_that_were_measured() -> None:
    shifts = {numeric_method(row[0]): float(row[2]) for row in rows_of_table("method | false alarms promised")}
    assert shifts == {NUMERIC_METHODS[name]: shift for name, shift in MEASURED["smallest_shift_found"].items()}
    simple = [row for row in MEASURED["methods"] if row["method"] == "linf_simple" and row["rows"] == 60]
    assert f"{max(row['drifted'] for row in simple)} of 1,000 windows of 60 rows" in PAGE


def test_what_was_measured_kept_every_promise() -> None:
    assert MEASURED["windows"] == 1000
    assert [row for row in MEASURED["methods"] if not row["is_kept"]] == []


def test_the_benchmark_runs_and_knows_a_broken_promise(capsys: pytest.CaptureFixture[str]) -> None:
    assert monitor_false_alarms.main(["--windows", "4", "--baseline", "1000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["windows"] == 4
    broken = monitor_false_alarms.Finding("PSI", "normal", 60, windows=1000, drifted=19, undecided=0, promised=0.01)
    assert not broken.is_kept
