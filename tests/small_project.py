"""The project with a small program in the model's place: the definition is the user's own, what it runs takes no time."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.images import push_image
from tests.live import LiveEngine

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "project"
PROGRAM = Path(__file__).parent / "small_program"
CONTRACT = ("schema.py", "utils.py", "faults.py")
LEFT_OUT = {"__pycache__"}

NAME = "mls-small"
DATASET = "small-data"
# Late are the large ones; what is asked lies on both sides.
ROWS = [(size / 100, 1 + size % 7, int(size > 50)) for size in range(100)]


def settings(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """mlsystem.yaml of the small system; `changes` are members of its sections."""
    content: dict[str, Any] = yaml.safe_load((PROJECT / "mlsystem.yaml").read_text())
    own: dict[str, Mapping[str, Any]] = {
        "project": {"name": "small", "model_name": "small", "dataset_bucket": DATASET},
        "data": {"categorical_features": []},
        "api": {"package_type": "Zip"},
        # How good a model is it says itself, and tests have it say this and that.
        "gate": {"champion": {"margin": 0.15}},
        "retraining": {"minimum_rows": 100},
        "drift": {"features": ["prediction", "size", "weight"], "schedule": f"cron(0 {_far_hour()} ? * * *)"},
    }
    for section, members in [*own.items(), *changes.items()]:
        content[section] = {**content[section], **members}
    return content


def _far_hour() -> int:
    """No monitoring execution comes by itself while tests run: what they send is no sample of the baseline."""
    return (datetime.now(UTC).hour + 12) % 24


def seed(**changes: Mapping[str, Any]) -> bytes:
    """The ZIP file with which the repository begins."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(PROJECT.rglob("*")):
            name = path.relative_to(PROJECT)
            if path.is_file() and not LEFT_OUT.intersection(name.parts) and path.name != "mlsystem.yaml":
                archive.write(path, name)
        archive.writestr("mlsystem.yaml", yaml.safe_dump(settings(**changes)))
    return stream.getvalue()


def unpack(folder: Path, **changes: Mapping[str, Any]) -> Path:
    """The project as a folder, for the command line; the folder."""
    with zipfile.ZipFile(io.BytesIO(seed(**changes))) as archive:
        archive.extractall(folder)
    return folder


def data_source(image: str, values: Mapping[str, str], **members: str | None) -> bytes:
    """data-source.zip with these hyperparameters; `members` replace a member's text, None leaves it out."""
    uris = {f"{name.capitalize()}Uri": f"s3://{DATASET}/{name}.csv" for name in ("baseline", "test")}
    content: dict[str, str | None] = {
        "inputData.json": json.dumps({"TrainingUri": f"s3://{DATASET}/train.csv", **uris}),
        "hyperparameters.json": json.dumps(dict(values)),
        "imageDetail.json": json.dumps({"ImageUri": image, "ImageLambdaUri": image}),
        **{f"{name}.json": text for name, text in members.items()},
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in content.items():
            if text is not None:
                archive.writestr(name, text)
    return stream.getvalue()


def csv_data() -> bytes:
    return ("size,weight,late\n" + "".join(f"{size},{weight},{late}\n" for size, weight, late in ROWS)).encode()


def program_files() -> dict[str, str]:
    """The small program's files and what it takes from the real one, by their names in /opt/program."""
    paths = [path for path in PROGRAM.iterdir() if path.is_file()]
    return {path.name: path.read_text() for path in [*paths, *(PROJECT / "container/code" / name for name in CONTRACT)]}


def push_program(engine: LiveEngine) -> str:
    """The image of the small program, by its URI."""
    files = {f"/opt/program/{name}": text for name, text in program_files().items()}
    return push_image(engine, f"{NAME}-program", files)
