"""`quality` of the command: a baseline of answers, captures checked against it by what turned out, and merging."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsystem.monitor.command import run_command
from tests.unit.monitor.ground_truth.made import capture, truth, write_lines
from tests.unit.monitor.quality.made import some_scores

BINARY = ["--problem-type", "BinaryClassification"]


def now() -> datetime:
    return datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


def quality(*arguments: object) -> tuple[int, str]:
    return run_command(["quality", *map(str, arguments)], now)


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    rows = [f"{label},{score}" for label, score in zip(*some_scores(20_000), strict=True)]
    file, folder = write_lines(tmp_path / "validation.csv", ["label,probability", *rows]), tmp_path / "baseline"
    options = ("--probability-attribute", "probability", "--ground-truth-attribute", "label", "--output", folder)
    assert quality("profile", file, *BINARY, *options) == (
        0,
        "Completed: Job completed successfully with no violations.",
    )
    return folder


def traffic(folder: Path, rows: int, worse: float = 0.0, seed: int = 3) -> tuple[Path, Path]:
    """Captures of four hours, and the ground truth of all but every tenth event, which came in one lump."""
    labels, scores = some_scores(rows, seed, worse)
    for hour in range(4):
        mine = range(hour, rows, 4)
        write_lines(folder / "capture" / f"{hour:02}" / "a.jsonl", [capture(f"e{i}", f"{scores[i]}\n") for i in mine])
    truths = [truth(f"e{i}", str(labels[i])) for i in range(rows) if i % 10]
    return folder / "capture", write_lines(folder / "truth" / "late.jsonl", truths)


def check(folder: Path, baseline: Path, rows: int = 5000, worse: float = 0.0) -> tuple[int, str, Path]:
    captures, truths = traffic(folder, rows, worse)
    options = ("--ground-truth", truths, "--probability-attribute", "0", "--baseline", baseline)
    return *quality("check", captures, *BINARY, *options, "--output", folder / "out"), folder / "out"


def test_profile_leaves_a_baseline_a_message_and_metrics(baseline: Path) -> None:
    names = sorted(str(path.relative_to(baseline)) for path in baseline.rglob("*") if path.is_file())
    assert names == [
        "constraint_violations.json",
        "constraints.json",
        "message",
        "metrics/cloudwatch/cloudwatch_metrics.jsonl",
        "statistics.json",
    ]
    constraints = json.loads((baseline / "constraints.json").read_text())["binary_classification_constraints"]
    statistics = json.loads((baseline / "statistics.json").read_text())["binary_classification_metrics"]
    assert constraints["auc"] == {
        "threshold": statistics["auc"]["value"],
        "comparison_operator": "LessThanThreshold",
    }
    assert 0.0 < statistics["auc"]["standard_deviation"] < 0.01


def test_a_model_that_is_as_good_as_it_was_is_not_worse(tmp_path: Path, baseline: Path) -> None:
    code, told, out = check(tmp_path, baseline)
    assert code == 0
    lines = told.splitlines()
    assert lines[0] == ("captures: 5000, merged: 4500, captures without ground truth: 500, ground truths: 4500")
    assert lines[-2] == "Model: not worse (of 12 metrics: 12 not worse)"
    document = json.loads((out / "quality.json").read_text())
    assert (document["verdict"], document["rows"]) == ("not worse", 4500)
    assert document["merge"]["captures_without_ground_truth"] == 500
    assert {metric["verdict"] for metric in document["metrics"]} == {"not worse"}


def test_a_model_that_has_become_worse_is_told_metric_by_metric(tmp_path: Path, baseline: Path) -> None:
    code, told, out = check(tmp_path, baseline, worse=0.5)
    assert code == 0
    assert "\nauc: worse: 0.8" in told
    assert told.splitlines()[-2].startswith("Model: worse (of 12 metrics: 12 worse")
    message = "CompletedWithViolations: Job completed successfully with 12 violations."
    assert told.splitlines()[-1] == (out / "message").read_text() == message
    violations = json.loads((out / "constraint_violations.json").read_text())["violations"]
    assert [each["metric_name"] for each in violations][:2] == ["recall", "precision"]


def test_few_rows_violate_and_tell_nothing(tmp_path: Path, baseline: Path) -> None:
    _, told, out = check(tmp_path, baseline, rows=60)
    assert told.splitlines()[-2].startswith("Model: cannot tell (of 12 metrics: 12 cannot tell)")
    assert "accuracy: cannot tell: " in told
    assert json.loads((out / "quality.json").read_text())["verdict"] == "cannot tell"


def test_merged_records_are_judged_as_their_captures_are(tmp_path: Path, baseline: Path) -> None:
    _, _, out = check(tmp_path, baseline, rows=500)
    code, told = quality(
        "merge", tmp_path / "capture", "--ground-truth", tmp_path / "truth", "--output", tmp_path / "merged"
    )
    assert (code, told.splitlines()[1]) == (0, "Completed: Job completed successfully with no violations.")
    options = ("--probability-attribute", "0", "--baseline", baseline, "--output", tmp_path / "again")
    files = sorted((tmp_path / "merged").rglob("*.jsonl"))
    assert len(files) == 4
    assert quality("check", *files, *BINARY, *options)[0] == 0
    for name in ("statistics.json", "constraint_violations.json"):
        assert (tmp_path / "again" / name).read_text() == (out / name).read_text()


def test_a_preprocessor_may_make_the_answers(tmp_path: Path, baseline: Path) -> None:
    captures, truths = traffic(tmp_path, 400)
    script = tmp_path / "before.py"
    script.write_text(
        "def preprocess_handler(record):\n    return {'p': float(record.endpoint_output.data), 'id': 'x'}\n"
    )
    options = ("--probability-attribute", "p", "--baseline", baseline, "--preprocessor", script)
    code, _ = quality("check", captures, *BINARY, "--ground-truth", truths, *options, "--output", tmp_path / "out")
    assert code == 0
    assert json.loads((tmp_path / "out" / "statistics.json").read_text())["dataset"]["item_count"] == 360


@pytest.mark.parametrize(("broken", "verdict"), [(45, "not worse"), (46, "cannot tell")])
def test_beyond_one_unreadable_record_in_a_hundred_nobody_can_tell(
    tmp_path: Path, baseline: Path, broken: int, verdict: str
) -> None:
    captures, truths = traffic(tmp_path, 5000)
    write_lines(captures / "99" / "broken.jsonl", ["{"] * broken)
    options = ("--ground-truth", truths, "--probability-attribute", "0", "--baseline", baseline)
    code, told = quality("check", captures, *BINARY, *options, "--output", tmp_path / "out")
    assert code == 0
    assert f"\n{broken} of {4500 + broken} rows could not be read; the first is {captures}/99/broken.jsonl:1: " in told
    document = json.loads((tmp_path / "out" / "quality.json").read_text())
    assert (document["verdict"], document["unreadable_rows"]) == (verdict, broken)


def test_a_baseline_is_not_made_of_a_part_of_its_rows(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.csv", ["label,said", *["1,1"] * 98, "1,", "x,1,2"])
    options = ("--inference-attribute", "said", "--ground-truth-attribute", "label", "--output", tmp_path / "out")
    code, told = quality("profile", file, *BINARY, *options)
    assert (code, told.splitlines()) == (
        1,
        [
            f"2 of 100 rows could not be read; the first is {file}:100: the prediction is missing. A baseline of the rest "
            "would not stand for the data: mend the files, or leave those rows out"
        ],
    )


REGRESSION = ("--problem-type", "Regression", "--inference-attribute", "said")


@pytest.mark.parametrize(
    ("text", "options", "fault"),
    [
        (
            "label,said\n",
            (*REGRESSION, "--ground-truth-attribute", "label"),
            "Job inputs had no data: {file} holds nothing",
        ),
        ("label,said\n1,2\n", REGRESSION, "Data of csv need a ground_truth_attribute"),
        ("label,said\n1,2\n", ("--problem-type", "Regression"), "Regression needs an inference_attribute"),
        (
            "label,other\n1,2\n",
            (*REGRESSION, "--ground-truth-attribute", "label"),
            "{file} cannot be read as csv: not one of 1 rows. {file}:2: there is no 'said' among label, other",
        ),
        (
            "said\n1\n",
            (*REGRESSION, "--ground-truth-attribute", "label"),
            "{file} cannot be read as csv: not one of 1 rows. {file}:2: there is no 'label' among said",
        ),
        (
            "label,said\na,a\nb,b\n",
            (*BINARY, "--inference-attribute", "said", "--ground-truth-attribute", "label"),
            "{file} cannot be judged: of the classes a, b none is known as the positive one: set positive_label",
        ),
        (
            "label,said\n1,2\n",
            (*REGRESSION, "--ground-truth-attribute", "label", "--ground-truth", "x"),
            "Ground truth is merged with sagemakerCaptureJson, and the data are csv",
        ),
        (
            "label\n" + "x" * 200_000,
            (*REGRESSION, "--ground-truth-attribute", "label"),
            "{file} cannot be read as csv: field",
        ),
    ],
)
def test_what_makes_no_sense_fails_and_says_why(
    tmp_path: Path, text: str, options: tuple[str, ...], fault: str
) -> None:
    file, out = tmp_path / "a.csv", tmp_path / "out"
    file.write_text(text)
    code, told = quality("profile", file, *options, "--output", out)
    assert code == 1
    assert told.startswith(fault.format(file=file))
    assert (out / "message").read_text() == told
    assert sorted(path.name for path in out.iterdir()) == ["message"]


def test_captures_need_ground_truth_and_ground_truth_that_is_theirs(tmp_path: Path, baseline: Path) -> None:
    captures, _ = traffic(tmp_path, 20)
    options = (*BINARY, "--probability-attribute", "0", "--baseline", baseline, "--output", tmp_path / "out")
    code, told = quality("check", captures, *options)
    assert (code, told.startswith("Captured records alone do not tell how good a model is")) == (1, True)
    other = write_lines(tmp_path / "other.jsonl", [truth("x", "1")])
    code, told = quality("check", captures, *options, "--ground-truth", other)
    assert (code, told) == (
        1,
        f"Job inputs had no data: {captures} holds 20 captures, and none of them is among 1 lines of ground truth",
    )
    code, told = quality("merge", captures, "--ground-truth", other, "--output", tmp_path / "merged")
    assert (code, told.split(": ")[0]) == (1, "Job inputs had no data")
    code, told = quality("check", captures, *options, "--ground-truth", tmp_path / "nowhere")
    assert (code, told) == (1, f"Job inputs had no data: {tmp_path}/nowhere does not exist")


def test_merging_fails_if_more_than_one_record_in_a_hundred_cannot_be_read(tmp_path: Path) -> None:
    captures, truths = traffic(tmp_path, 20)
    write_lines(captures / "99" / "broken.jsonl", ["{"])
    code, told = quality("merge", captures, "--ground-truth", truths, "--output", tmp_path / "merged")
    assert (code, told.split(";")[0]) == (1, "1 of 39 rows could not be read")


def test_a_baseline_of_another_problem_is_none(tmp_path: Path, baseline: Path) -> None:
    file = write_lines(tmp_path / "a.csv", ["label,said", "1,1"])
    options = ("--ground-truth-attribute", "label", "--baseline", baseline, "--output", tmp_path / "out")
    code, told = quality("check", file, *REGRESSION, *options)
    assert (code, "$ has no member 'regression_constraints'" in told) == (1, True)
