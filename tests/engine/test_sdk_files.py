"""The SageMaker SDK reads the analyzer's files, in each of its ways, and writes constraints that the analyzer obeys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mlsystem.monitor.command import run_command
from tests.live import LiveEngine
from tests.sdk.sdk import USERS_BUCKET, Sdk
from tests.unit.monitor.quality.made import some_scores
from tests.year import Year

BUCKET = f"read-{uuid4().hex[:8]}"
NAMES = ("statistics.json", "constraints.json", "constraint_violations.json")
DISTANCE = re.compile(r"distance: (.+) exceeds threshold: (.+)")


class Files:
    """What the analyzer wrote of flights and of a model's answers, in folders and in a bucket."""

    def __init__(self, engine: LiveEngine, home: Path):
        self._engine = engine
        self._home = home
        self.s3 = engine.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        (home / "year").mkdir()
        self.year = Year(home / "year")
        self.folders = {"baseline": self.year.baseline, "july": self.year.check(7), "quality": self._quality()}
        for name, folder in self.folders.items():
            for file in NAMES:
                self.s3.upload_file(str(folder / file), BUCKET, f"{name}/{file}")

    def told(self, folder: str, name: str) -> Any:
        """What the analyzer's own file says."""
        return json.loads((self.folders[folder] / name).read_text())

    def check(self, baseline: str) -> list[dict[str, str]]:
        """The violations of July against a baseline in the bucket."""
        output = self._home / uuid4().hex
        self._run("check", self._home / "year" / "7.csv", "--baseline", f"s3://{BUCKET}/{baseline}", "--output", output)
        return list(json.loads((output / "constraint_violations.json").read_text())["violations"])

    def profile(self, *arguments: object) -> None:
        self._run("profile", *arguments)

    def _quality(self) -> Path:
        """A model that has become worse."""
        folder, columns = (
            self._home / "quality",
            ("--probability-attribute", "probability", "--ground-truth-attribute", "label"),
        )
        options = ("--problem-type", "BinaryClassification", *columns)
        for name, worse in (("then", 0.0), ("now", 0.5)):
            rows = (f"{label},{score}\n" for label, score in zip(*some_scores(5000, 3, worse), strict=True))
            (self._home / f"{name}.csv").write_text("label,probability\n" + "".join(rows))
        self._run("quality", "profile", self._home / "then.csv", *options, "--output", folder / "then")
        now = ("--baseline", folder / "then", "--output", folder / "now")
        self._run("quality", "check", self._home / "now.csv", *options, *now)
        return folder / "now"

    def _run(self, *arguments: object) -> None:
        at = datetime(2013, 12, 31, tzinfo=UTC)
        code, text = run_command([*map(str, arguments)], lambda: at, make_client=lambda: self.s3)
        assert code == 0, text


@pytest.fixture(scope="module")
def sdk(engine: LiveEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    with closing(Sdk(engine, tmp_path_factory.mktemp("user"))) as made:
        yield made


@pytest.fixture(scope="module")
def files(engine: LiveEngine, sdk: Sdk, tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(engine, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def tables(files: Files, sdk: Sdk) -> dict[str, list[dict[str, Any]]]:
    """Those of July."""
    return dict(sdk.run("tables", uri=f"s3://{BUCKET}/july"))


@pytest.mark.parametrize("folder", ["baseline", "july", "quality"])
def test_the_three_files_are_read_as_they_were_written(files: Files, sdk: Sdk, folder: str) -> None:
    found = sdk.run("read_files", folder=str(files.folders[folder]), uri=f"s3://{BUCKET}/{folder}")
    for name in NAMES:
        written, read = files.told(folder, name), found[name]
        assert {way: file["body"] == written for way, file in read.items()} == dict.fromkeys(read, True)
        assert read["from_s3_uri"]["uri"] == f"s3://{BUCKET}/{folder}/{name}"
        for way in ("from_file_path", "from_string"):
            key = read[way]["uri"].removeprefix(f"s3://{USERS_BUCKET}/")
            assert re.fullmatch(rf"monitoring/[0-9a-f-]+/{name}", key)
            copied = files.s3.get_object(Bucket=USERS_BUCKET, Key=key)["Body"].read()
            assert copied == (files.folders[folder] / name).read_bytes()


def test_the_tables_of_notebooks_show_the_values_of_each_feature(
    files: Files, tables: dict[str, list[dict[str, Any]]]
) -> None:
    written = {feature["name"]: feature for feature in files.told("july", "statistics.json")["features"]}
    assert [row["name"] for row in tables["statistics"]] == list(written)
    for row in tables["statistics"]:
        kind = "string" if row["inferred_type"] == "String" else "numerical"
        for name, value in written[row["name"]][f"{kind}_statistics"]["common"].items():
            assert row[f"{kind}_statistics.common.{name}"] == value
    delay = next(row for row in tables["statistics"] if row["name"] == "arr_delay")
    kept = written["arr_delay"]["numerical_statistics"]
    for name in ("mean", "sum", "std_dev", "min", "max"):
        assert delay[f"numerical_statistics.{name}"] == pytest.approx(kept[name], rel=1e-12)
    assert delay["numerical_statistics.distribution.kll.buckets"] == kept["distribution"]["kll"]["buckets"]
    completeness = {one["name"]: one["completeness"] for one in files.told("july", "constraints.json")["features"]}
    assert {row["name"]: row["completeness"] for row in tables["constraints"]} == pytest.approx(completeness)
    assert {(v["feature_name"], v["constraint_check_type"]) for v in tables["constraint_violations"]} == (
        files.year.violations(7)
    )


def test_the_distance_that_readers_take_out_of_a_description_is_the_one_of_the_metric(
    files: Files, tables: dict[str, list[dict[str, Any]]]
) -> None:
    drifted = [one for one in tables["constraint_violations"] if one["constraint_check_type"] == "baseline_drift_check"]
    assert drifted
    for violation in drifted:
        found = DISTANCE.search(violation["description"])
        assert found is not None
        assert float(found[1]) == files.year.drift(7)[violation["feature_name"]]
        assert float(found[2]) == 0.1


@pytest.mark.parametrize("feature", ["temp", None])
def test_what_the_sdk_switches_off_the_analyzer_leaves_alone(files: Files, sdk: Sdk, feature: str | None) -> None:
    baseline, before = f"quiet-{feature}", files.check("baseline")
    assert "temp" in {violation["feature_name"] for violation in before}
    uri = f"s3://{BUCKET}/baseline/constraints.json"
    saved = sdk.run("switch_off", uri=uri, saved=f"s3://{BUCKET}/{baseline}/constraints.json", feature=feature)
    assert saved["saved"] == f"s3://{BUCKET}/{baseline}/constraints.json"
    kept = files.s3.get_object(Bucket=BUCKET, Key=f"{baseline}/constraints.json")["Body"].read()
    assert json.loads(kept) == saved["body"] != files.told("baseline", "constraints.json")
    files.s3.upload_file(str(files.year.baseline / "statistics.json"), BUCKET, f"{baseline}/statistics.json")
    left = [one for one in before if feature is not None and one["feature_name"] != feature]
    assert files.check(baseline) == left


def test_a_file_that_is_not_there_is_missed_by_the_code_that_the_sdk_knows(files: Files, sdk: Sdk) -> None:
    assert sdk.run("missing", uri=f"s3://{BUCKET}/nowhere/statistics.json") == "NoSuchKey"


def test_a_program_that_fails_says_why_and_the_next_one_runs(files: Files, sdk: Sdk) -> None:
    with pytest.raises(AssertionError, match=r"missing: (.|\n)*ValueError: .*nowhere"):
        sdk.run("missing", uri="nowhere")
    assert sdk.run("missing", uri=f"s3://{BUCKET}/nowhere/statistics.json") == "NoSuchKey"


def test_the_analyzer_takes_the_formats_that_the_sdk_tells_a_container(files: Files, sdk: Sdk, tmp_path: Path) -> None:
    parts = {
        side: {"data": data, "encoding": "CSV"} for side, data in (("endpointInput", "1"), ("endpointOutput", "x"))
    }
    data = {"csv": "x,1", "json": '{"word": "x", "number": 1}', "captured": json.dumps({"captureData": parts})}
    for name, told in sdk.run("formats").items():
        (tmp_path / name).write_text(f"{data[name]}\n" * 3)
        files.profile(tmp_path / name, "--dataset-format", json.dumps(told), "--output", tmp_path / f"of-{name}")
        written = json.loads((tmp_path / f"of-{name}" / "statistics.json").read_text())
        assert written["dataset"]["item_count"] == 3
        assert [feature["inferred_type"] for feature in written["features"]] == ["String", "Integral"]
