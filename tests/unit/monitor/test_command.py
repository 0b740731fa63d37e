"""The command: a baseline of files, a check against it, and what it leaves behind."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsystem.monitor.command import run_command
from mlsystem.monitor.container import run_container

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


def now() -> datetime:
    return NOW


def csv(path: Path, start: int = 0, header: str = "n,word\n") -> Path:
    path.write_text(header + "".join(f"{start + i},{'ab'[i % 2]}\n" for i in range(1000)))
    return path


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    folder = tmp_path / "baseline"
    assert run_command(["profile", str(csv(tmp_path / "train.csv")), "--output", str(folder)], now)[0] == 0
    return folder


def test_profile_leaves_a_baseline_a_message_and_metrics(baseline: Path) -> None:
    names = sorted(str(path.relative_to(baseline)) for path in baseline.rglob("*") if path.is_file())
    assert names == [
        "constraint_violations.json",
        "constraints.json",
        "message",
        "metrics/cloudwatch/cloudwatch_metrics.jsonl",
        "statistics.json",
    ]
    assert (baseline / "message").read_text() == "Completed: Job completed successfully with no violations."


def test_check_tells_what_it_found_and_still_succeeds(tmp_path: Path, baseline: Path) -> None:
    later, out = csv(tmp_path / "later.csv", start=400), tmp_path / "out"
    code, text = run_command(["check", str(later), "--baseline", str(baseline), "--output", str(out)], now)
    assert code == 0
    assert text.splitlines()[0].startswith("n: baseline_drift_check: Baseline drift distance: 0.3")
    message = "CompletedWithViolations: Job completed successfully with 1 violations."
    assert text.splitlines()[-1] == (out / "message").read_text() == message
    assert len(json.loads((out / "constraint_violations.json").read_text())["violations"]) == 1


def test_data_without_a_header_is_matched_by_position(tmp_path: Path, baseline: Path) -> None:
    later = csv(tmp_path / "later.csv", header="")
    arguments = ["check", str(later), "--no-header", "--baseline", str(baseline), "--output", str(tmp_path / "out")]
    code, text = run_command(arguments, now)
    assert code == 0
    assert text.splitlines() == [
        "Drift: not drifted (of 2 features: 2 not drifted)",
        "Completed: Job completed successfully with no violations.",
    ]


def test_check_says_what_drifted_and_what_nobody_can_tell(tmp_path: Path, baseline: Path) -> None:
    later, out = tmp_path / "later.csv", tmp_path / "out"
    later.write_text("n,word\n" + "".join(f"{5000 + i},\n" for i in range(1000)))
    _, text = run_command(["check", str(later), "--baseline", str(baseline), "--output", str(out)], now)
    assert text.splitlines()[-3:-1] == [
        "word: cannot tell: every value is missing",
        "Drift: drifted (of 2 features: 1 drifted, 1 cannot tell)",
    ]
    document = json.loads((out / "verdicts.json").read_text())
    assert document["verdict"] == "drifted"
    assert [(feature["feature_name"], feature["verdict"]) for feature in document["features"]] == [
        ("n", "drifted"),
        ("word", "cannot tell"),
    ]
    assert document["features"][0]["distance"] > document["features"][0]["threshold"]


def test_a_threshold_that_the_method_cannot_have_is_refused(tmp_path: Path) -> None:
    options = ["--output", str(tmp_path / "out"), "--comparison-method", "JensenShannon", "--comparison-threshold", "2"]
    code, text = run_command(["profile", str(csv(tmp_path / "a.csv")), *options], now)
    assert (code, text) == (1, "comparison_threshold is 2.0, which is no Jensen-Shannon distance; allowed: 0.0 to 0.99")


def test_thresholds_can_be_set_where_the_baseline_is_made(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--comparison-threshold", "0.5", "--comparison-method", "Simple", "--categorical-method", "ChiSquared"]
    run_command(["profile", str(csv(tmp_path / "a.csv")), "--output", str(out), *options], now)
    comparison = json.loads((out / "constraints.json").read_text())["monitoring_config"]["distribution_constraints"]
    assert comparison == {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.5,
        "comparison_method": "Simple",
        "categorical_drift_method": "ChiSquared",
    }


def test_no_data_is_a_failure_that_says_where_it_looked(tmp_path: Path, baseline: Path) -> None:
    empty, out = tmp_path / "empty", tmp_path / "out"
    empty.mkdir()
    code, text = run_command(["check", str(empty), "--baseline", str(baseline), "--output", str(out)], now)
    assert (code, text) == (1, f"Job inputs had no data: {empty} holds no file")
    assert (out / "message").read_text() == text
    assert not (out / "constraint_violations.json").exists()


def test_a_check_that_fails_leaves_no_verdict_of_an_earlier_one(tmp_path: Path, baseline: Path) -> None:
    out = tmp_path / "out"
    found = ["--baseline", str(baseline), "--output", str(out)]
    assert run_command(["check", str(csv(tmp_path / "later.csv", start=400)), *found], now)[0] == 0
    assert (out / "verdicts.json").exists()
    empty = tmp_path / "empty.csv"
    empty.touch()
    assert run_command(["check", str(empty), *found], now)[0] == 1
    assert sorted(path.name for path in out.glob("*.json")) == ["constraints.json", "statistics.json"]


def test_a_run_that_is_interrupted_leaves_no_message_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "capture.jsonl").write_text('{"captureData": {}}\n')
    (tmp_path / "handler.py").write_text("def preprocess_handler(r): raise KeyboardInterrupt\n")
    (tmp_path / "message").write_text("Completed: Job completed successfully with no violations.")
    arguments = ["profile", str(tmp_path / "capture.jsonl"), "--output", str(tmp_path), "--format", "capture"]
    with pytest.raises(KeyboardInterrupt):
        run_command([*arguments, "--preprocessor", str(tmp_path / "handler.py")], now)
    assert not (tmp_path / "message").exists()


def test_a_check_does_not_take_the_place_of_its_baseline(tmp_path: Path, baseline: Path) -> None:
    before, later = (baseline / "statistics.json").read_bytes(), csv(tmp_path / "later.csv", start=400)
    (tmp_path / "link").symlink_to(baseline)
    for out in (baseline, tmp_path / "link"):
        code, text = run_command(["check", str(later), "--baseline", str(baseline), "--output", str(out)], now)
        assert (code, text) == (1, f"{out} holds the baseline: the reports of a check need another folder")
    assert (baseline / "statistics.json").read_bytes() == before


def test_reports_do_not_lie_where_the_next_run_would_take_them_for_data(tmp_path: Path, baseline: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    csv(data / "rows.csv")
    for out in (data, data / "deep" / "out"):
        code, text = run_command(["check", str(data), "--baseline", str(baseline), "--output", str(out)], now)
        assert (code, text) == (1, f"{out} lies in the data, {data}: the next run would read the reports as data")
    assert [path.name for path in data.rglob("*") if path.suffix == ".json"] == []
    assert run_command(["profile", str(data), "--output", str(tmp_path / "data-out")], now)[0] == 0


def test_the_message_says_of_how_many_features_nobody_can_tell(tmp_path: Path, baseline: Path) -> None:
    few, out = tmp_path / "few.csv", tmp_path / "out"
    few.write_text("n,word\n1,a\n2,b\n")
    assert run_command(["check", str(few), "--baseline", str(baseline), "--output", str(out)], now)[0] == 0
    message = (out / "message").read_text()
    assert message.endswith(" Of 2 of 2 features nobody can tell a drift: verdicts.json says why.")


@pytest.mark.parametrize("name", ["statistics.json", "constraints.json"])
@pytest.mark.parametrize("damage", ["gone", "cut off", "another", "too deep"])
def test_an_unreadable_baseline_fails_closed_and_names_the_file(
    tmp_path: Path, baseline: Path, name: str, damage: str
) -> None:
    file, out = baseline / name, tmp_path / "out"
    if damage == "gone":
        file.unlink()
    else:
        damaged = {"cut off": file.read_text()[:100], "another": '{"some": "document"}', "too deep": "[" * 100_000}
        file.write_text(damaged[damage])
    arguments = ["check", str(tmp_path / "train.csv"), "--baseline", str(baseline), "--output", str(out)]
    code, text = run_command(arguments, now)
    assert code == 1
    assert text.startswith(f"The baseline cannot be read: {file}: ")
    assert (out / "message").read_text() == text
    assert not (out / "constraint_violations.json").exists()


def test_a_baseline_that_knows_too_few_features_fails_closed(tmp_path: Path, baseline: Path) -> None:
    file = baseline / "statistics.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"features": document["features"][1:]}))
    arguments = ["check", str(tmp_path / "train.csv"), "--baseline", str(baseline), "--output", str(tmp_path / "out")]
    code, text = run_command(arguments, now)
    assert code == 1
    assert "do not know n, which" in text


def test_a_name_that_does_not_tell_the_format_is_asked_about(tmp_path: Path) -> None:
    file = csv(tmp_path / "data.txt")
    code, text = run_command(["profile", str(file), "--output", str(tmp_path / "out")], now)
    assert (code, text) == (1, f"The name of {file} does not tell its format: say --format")
    again = ["profile", str(file), "--format", "csv", "--output", str(tmp_path / "out")]
    assert run_command(again, now)[0] == 0


def test_captured_data_are_recognised_among_json_lines(tmp_path: Path) -> None:
    body = {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"}
    (tmp_path / "capture.jsonl").write_text(json.dumps({"captureData": {"endpointInput": body}}) + "\n")
    (tmp_path / "plain.jsonl").write_text('{"a": 1}\n')
    for name, columns in [("capture.jsonl", ["_c0", "_c1"]), ("plain.jsonl", ["a"])]:
        out = tmp_path / f"out-{name}"
        assert run_command(["profile", str(tmp_path / name), "--output", str(out)], now)[0] == 0
        features = json.loads((out / "statistics.json").read_text())["features"]
        assert [feature["name"] for feature in features] == columns


def test_the_command_and_the_container_write_the_same_files(tmp_path: Path, baseline: Path) -> None:
    environment = {
        "SAGEMAKER_BASE_DIR": str(tmp_path / "ml"),
        "dataset_source": str(tmp_path / "train.csv"),
        "dataset_format": '{"csv":{"header":true}}',
        "output_path": str(tmp_path / "container"),
    }
    assert run_container(environment, lambda: None, now)[0] == 0
    for name in ("statistics.json", "constraints.json", "constraint_violations.json"):
        assert (tmp_path / "container" / name).read_bytes() == (baseline / name).read_bytes()


def test_a_report_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    blocked = tmp_path / "out"
    blocked.write_text("a file where the folder should be")
    code, text = run_command(["profile", str(csv(tmp_path / "a.csv")), "--output", str(blocked)], now)
    assert (code, text) == (1, f"{blocked}/statistics.json cannot be written: File exists")


@pytest.mark.parametrize(
    ("names", "rows"),
    [(["data/*.csv"], 2000), (["data/**/*.csv"], 3000), (["data/**"], 3000), (["data", "data/a.csv"], 3000)],
)
def test_globs_name_files_and_each_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], rows: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "below").mkdir(parents=True)
    for file in ("a.csv", "b.csv", "below/c.csv"):
        csv(tmp_path / "data" / file)
    assert run_command(["profile", *names, "--output", "out"], now)[0] == 0
    assert json.loads(Path("out/statistics.json").read_text())["dataset"]["item_count"] == rows


def test_a_glob_that_matches_nothing_is_no_data(tmp_path: Path) -> None:
    code, text = run_command(["profile", f"{tmp_path}/*.csv", "--output", str(tmp_path / "out")], now)
    assert (code, text) == (1, f"Job inputs had no data: {tmp_path}/*.csv does not exist")


def test_the_format_is_given_as_the_container_takes_it_or_as_options(tmp_path: Path) -> None:
    data = csv(tmp_path / "data.txt", header="")
    arguments = [
        "profile",
        str(data),
        "--output",
        str(tmp_path / "out"),
        "--dataset-format",
        '{"csv": {"header": false}}',
    ]
    assert run_command(arguments, now)[0] == 0
    features = json.loads((tmp_path / "out" / "statistics.json").read_text())["features"]
    assert [feature["name"] for feature in features] == ["_c0", "_c1"]
    code, text = run_command([*arguments, "--no-header"], now)
    assert (code, text) == (1, "--dataset-format says it all: leave out --format and --no-header")


def test_of_captured_traffic_the_newest_requests_may_be_enough(tmp_path: Path) -> None:
    bodies = [{"data": f"{value},1", "encoding": "CSV", "observedContentType": "text/csv"} for value in range(5)]
    lines = [json.dumps({"captureData": {"endpointInput": body}}) for body in bodies]
    (tmp_path / "capture.jsonl").write_text("\n".join(lines))
    code, message = run_command(
        ["profile", str(tmp_path / "capture.jsonl"), "--output", str(tmp_path / "out"), "--newest-records", "2"],
        lambda: NOW,
    )
    assert code == 0, message
    assert json.loads((tmp_path / "out" / "statistics.json").read_text())["dataset"]["item_count"] == 2
    with pytest.raises(SystemExit):
        run_command(["profile", "x", "--output", "y", "--newest-records", "0"], lambda: NOW)
