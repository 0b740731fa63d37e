"""Data sets, captured traffic and its ground truth: what the analyzer reads."""

from __future__ import annotations

import base64
import gzip
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from mlsystem.monitor.errors import MonitorError
from mlsystem.monitor.quality_run import MergeJob, merge
from mlsystem.monitor.reading import DatasetFormat, Kind
from mlsystem.monitor.run import Job, run
from tests.fuzz import texts
from tests.fuzz.kind import in_folder
from tests.fuzz.mutations import changed, edge_text, edge_value, havoc, havoc_bytes, json_text

NOW = datetime(2026, 5, 1, tzinfo=UTC)


# ---------------------------------------------------------------------- data sets
CSV = (
    "a,b,c\n1,x,0.5\n2,y,1.5\n3,,2.5\n",
    "1,2\n3,4\n",
    'a,"b ""q""",c\n1,"x\ny",3\n',
    "a\tb\n1\t2\n",
    "a,a,\n1,2,3\n",
    "\ufeffa,b\n1,2\n",
)
CSV_WORDS = (
    ",",
    '"',
    '""',
    "\n",
    "\r",
    "\r\n",
    ",,",
    "1e999",
    "NaN",
    "nan",
    "-inf",
    "1_000",
    "0x1",
    "true",
    "2026-01-01",
    "\0",
    "é",
    "9" * 40,
    "'",
    ";",
    "\\N",
    "null",
    "-0",
    ".5",
    "1.",
    "+1",
)
LINES = ('{"a": 1, "b": "x", "c": [1, {"d": 2}]}\n{"a": 2, "b": null}\n', "[1, 2]\n[3, 4]\n", '{"features": [1, 2]}\n')


def _captured(chance: Random) -> Any:
    def body(data: str, mode: str) -> Any:
        encoding = chance.choice(("CSV", "JSON", "BASE64"))
        return {"observedContentType": chance.choice(("text/csv", "application/json", "application/jsonlines", "image/png", "")),
        "mode": mode, "encoding": encoding,
                "data": base64.b64encode(data.encode("utf-8", "surrogatepass")).decode() if encoding == "BASE64" else data}  # fmt: skip

    inputs = chance.choice(
        (
            "1,2,x",
            "1,2\n3,4",
            '{"instances": [[1, 2], [3, 4]]}',
            '{"a": {"b": 1}}',
            '{"features": [1, "x"]}',
            "",
            texts.payload(chance),
        )
    )
    outputs = chance.choice(("0.5", "0.5\n0.7", '{"predictions": [0.1, 0.2]}', "yes", texts.payload(chance)))
    identity = chance.choice(("e-1", "e-2", "e-3", edge_text(chance)))
    return {"captureData": {"endpointInput": body(inputs, "INPUT"), "endpointOutput": body(outputs, "OUTPUT")},
            "eventMetadata": {"eventId": identity, "inferenceId": identity, "inferenceTime": "2026-04-18T00:21:48Z"},
            "eventVersion": "0"}  # fmt: skip


def _truth(chance: Random) -> Any:
    data = chance.choice(("1", "0", "x", edge_text(chance)))
    return {
        "groundTruthData": {"data": data, "encoding": "CSV"},
        "eventMetadata": {"eventId": chance.choice(("e-1", "e-2"))},
        "eventVersion": "0",
    }


def _records(chance: Random, make: Callable[[Random], Any]) -> str:
    lines = []
    for _ in range(chance.choice((1, 2, 5))):
        record = make(chance)
        lines.append(json_text(changed(record, chance) if chance.random() < 0.4 else record, chance))
    text = "\n".join(lines) + "\n"
    return havoc(text, chance, (text,)) if chance.random() < 0.2 else text


def _encoded(text: str, chance: Random) -> bytes:
    data = text.encode(chance.choice(("utf-8", "utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig")), "surrogatepass")
    where = chance.random()
    return gzip.compress(data, 1, mtime=0) if where < 0.05 else havoc_bytes(data, chance) if where < 0.15 else data


def _data(chance: Random) -> tuple[Kind, bool, bytes]:
    kind = chance.choice((Kind.CSV, Kind.CSV, Kind.JSON_LINES, Kind.CAPTURE))
    if kind is Kind.CSV:
        text = havoc(chance.choice(CSV), chance, CSV, CSV_WORDS)
    elif kind is Kind.JSON_LINES:
        text = (
            havoc(chance.choice(LINES), chance, LINES)
            if chance.random() < 0.5
            else _records(chance, lambda one: {"a": edge_value(one), "b": 1})
        )
    else:
        text = _records(chance, _captured)
    return kind, chance.random() < 0.8, _encoded(text, chance)


class _Datasets:
    """Each input is profiled, and then checked against the baseline that was made of it, or of one that was right."""

    def __init__(self, folder: Path):
        self._folder = folder

    def run(self, given: tuple[Kind, bool, bytes]) -> None:
        kind, has_header, data = given
        place = self._folder / ("data.csv" if kind is Kind.CSV else "data.jsonl")
        place.write_bytes(data)
        form = DatasetFormat(kind, has_header)
        baseline = self._folder / "baseline"
        shutil.rmtree(baseline, ignore_errors=True)
        run(self._job(place, form, baseline), None, lambda: NOW)
        run(self._job(place, form, self._folder / "out", baseline), None, lambda: NOW)

    def _job(self, place: Path, form: DatasetFormat, output: Path, baseline: Path | None = None) -> Job:
        known = (baseline / "constraints.json", baseline / "statistics.json") if baseline else (None, None)
        return Job([place], form, output, output / "message", output / "metrics", *known)


def _merging(chance: Random) -> tuple[bytes, bytes]:
    return _encoded(_records(chance, _captured), chance), _encoded(_records(chance, _truth), chance)


def _merge(folder: Path) -> Callable[[tuple[bytes, bytes]], None]:
    def do(given: tuple[bytes, bytes]) -> None:
        captures, truths = folder / "captures.jsonl", folder / "truths.jsonl"
        captures.write_bytes(given[0])
        truths.write_bytes(given[1])
        merge(MergeJob(captures, truths, folder / "merged", folder / "message"))

    return do


DATASETS = in_folder("datasets", _data, lambda folder: _Datasets(folder).run, MonitorError, share=2)
GROUND_TRUTH = in_folder("ground-truth", _merging, _merge, MonitorError, share=3)
