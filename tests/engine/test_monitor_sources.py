"""The analyzer's command reads what lies in S3, by keys, folders and wildcards."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mlsystem.monitor.command import run_command
from tests.live import LiveEngine

FORMAT = '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput"]}}'
BUCKET = f"monitored-{uuid4().hex[:8]}"


def captured(*numbers: float) -> bytes:
    """Captured requests of a number each."""
    parts = [{"endpointInput": {"data": f"{number}", "encoding": "CSV", "mode": "INPUT"}} for number in numbers]
    return "".join(json.dumps({"captureData": part, "eventMetadata": {}}) + "\n" for part in parts).encode()


@pytest.fixture(scope="module")
def bucket(engine: LiveEngine) -> str:
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for hour in range(3):
        key = f"captured/e/AllTraffic/2026/11/24/0{hour}/00.jsonl"
        s3.put_object(Bucket=BUCKET, Key=key, Body=captured(*(hour * 200 + n + 0.5 for n in range(200))))
    s3.put_object(Bucket=BUCKET, Key="captured/e2/AllTraffic/2026/11/24/00/00.jsonl", Body=captured(1e6))
    s3.put_object(Bucket=BUCKET, Key="odd[1].jsonl", Body=captured(1, 2, 3))
    s3.put_object(Bucket=BUCKET, Key="captured/e/AllTraffic/broken.jsonl", Body=b"{\n" + captured(1))
    return BUCKET


def _run(engine: LiveEngine, *arguments: str) -> tuple[int, str]:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return run_command(arguments, lambda: now, make_client=lambda: engine.client("s3"))


def _statistics(folder: Path) -> Any:
    return json.loads((folder / "statistics.json").read_text())


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("captured/e/AllTraffic/2026/11/24/00/00.jsonl", 200),
        ("captured/e/AllTraffic/2026", 600),
        ("captured/e/AllTraffic/2026/", 600),
        ("captured/e/*/0[01]/*.jsonl", 400),
        ("captured/*/2026/*", 601),
        ("odd[1].jsonl", 3),
    ],
)
def test_objects_are_named_as_files_are(engine: LiveEngine, bucket: str, tmp_path: Path, name: str, rows: int) -> None:
    arguments = [f"s3://{bucket}/{name}", "--dataset-format", FORMAT, "--output", str(tmp_path)]
    assert _run(engine, "profile", *arguments)[0] == 0
    assert _statistics(tmp_path)["dataset"]["item_count"] == rows


def test_a_check_is_made_against_a_baseline_in_s3_and_tells_of_objects(
    engine: LiveEngine, bucket: str, tmp_path: Path
) -> None:
    hours = f"s3://{bucket}/captured/e/AllTraffic/2026/11/24"
    assert (
        _run(engine, "profile", f"{hours}/00", "--dataset-format", FORMAT, "--output", str(tmp_path / "made"))[0] == 0
    )
    for file in ("statistics.json", "constraints.json"):
        engine.client("s3").upload_file(str(tmp_path / "made" / file), bucket, f"baseline/{file}")
    found = ["--baseline", f"s3://{bucket}/baseline", "--dataset-format", FORMAT, "--output", str(tmp_path / "found")]
    code, text = _run(engine, "check", f"{hours}/01", f"s3://{bucket}/captured/e/AllTraffic/broken.jsonl", *found)
    assert code == 0, text
    assert f"the first is s3://{bucket}/captured/e/AllTraffic/broken.jsonl:1" in text
    assert "Drift: drifted" in text
    shown = json.loads((tmp_path / "found" / "report.json").read_text())["source"]
    assert shown.startswith(f"{hours}/01, s3://")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("s3://{}/nothing/here", "Job inputs had no data: s3://{}/nothing/here does not exist"),
        ("s3://no-such-bucket-here/x", "s3://no-such-bucket-here/x cannot be read: "),
        ("s3:///x", "s3:///x names no bucket"),
    ],
)
def test_what_is_not_there_is_named(engine: LiveEngine, bucket: str, tmp_path: Path, name: str, words: str) -> None:
    code, text = _run(engine, "profile", name.format(bucket), "--format", "csv", "--output", str(tmp_path))
    assert code == 1
    assert text.startswith(words.format(bucket))
    assert (tmp_path / "message").read_text() == text
