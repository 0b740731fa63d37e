"""docs/model-quality.md: its commands run and say what the page says, and its tables are what the code does."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsystem.monitor.command import run_command
from mlsystem.monitor.ground_truth.records import ground_truth
from mlsystem.monitor.quality import verdicts
from mlsystem.monitor.quality.constraints import Operator, QualityConstraint
from mlsystem.monitor.quality.verdicts import QualityVerdict
from tests.unit.monitor.ground_truth.made import capture, truth, write_lines
from tests.unit.monitor.quality.made import some_scores

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "model-quality.md").read_text()
PROGRAM = "python -m mlsystem.monitor "


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    return [body for name, body in found if name == language]


def answer(command: str) -> tuple[int, str]:
    assert command.startswith(PROGRAM)
    return run_command(shlex.split(command.removeprefix(PROGRAM)), lambda: datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the page's example: 20,000 rows of validation, and 2,000 captures of which a fifth has no ground truth yet."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{label},{score}" for label, score in zip(*some_scores(20_000), strict=True)]
    write_lines(Path("validation.csv"), ["label,score", *rows])
    labels, scores = some_scores(2000, seed=13, worse=0.05)
    write_lines(Path("captures/a.jsonl"), [capture(f"e{i}", f"{score}\n") for i, score in enumerate(scores)])
    write_lines(Path("labels/a.jsonl"), [truth(f"e{i}", str(label)) for i, label in enumerate(labels) if i % 5])


@pytest.mark.usefixtures("files")
def test_the_commands_run_and_tell_what_the_page_shows() -> None:
    answers = [answer(line) for line in "".join(blocks("bash")).splitlines()]
    assert [code for code, _ in answers] == [0, 0]
    assert answers[1][1] == blocks("")[0].strip()
    (merging,) = re.findall(rf"`({PROGRAM}quality merge [^`]+)`", PAGE)
    assert answer(merging)[0] == 0
    assert Path("merged/a.jsonl").exists()


def test_the_line_of_ground_truth_is_one() -> None:
    (line,) = blocks("json")
    assert ground_truth(line.encode()) == ("order-7", {"data": "1", "encoding": "CSV"})


def test_every_verdict_is_described_with_its_promise() -> None:
    table = PAGE[PAGE.index("| verdict | means |") :].split("\n\n")[0].splitlines()[2:]
    assert [row.split("|")[1].strip() for row in table] == [verdict.value for verdict in QualityVerdict]
    assert f"at most 1 in {1 / verdicts.FALSE_ALARMS:.0f} is called worse" in PAGE
    assert f"at most 1 in {1 / verdicts.MISSED:.0f} is called not worse" in PAGE
    assert f"fewer than {verdicts.MINIMUM_ROWS} rows" in PAGE


def test_the_margins_are_those_of_the_page() -> None:
    assert "0.05, of mae and rmse a tenth of the threshold, of mse a fifth" in PAGE
    margins = {name: QualityConstraint(name, 10.0, Operator.LESS).tolerance for name in ("auc", "mae", "rmse", "mse")}
    assert margins == {"auc": 0.05, "mae": 1.0, "rmse": 1.0, "mse": 2.0}


def test_every_attribute_is_described() -> None:
    options = (ROOT / "src/mlsystem/monitor/quality_command.py").read_text()
    names = re.findall(r'"(--(?:[a-z-]+-attribute|probability-threshold|positive-label|ground-truth))"', options)
    assert len(set(names)) == 6
    assert [name for name in names if f"| `{name}`" not in PAGE] == []
