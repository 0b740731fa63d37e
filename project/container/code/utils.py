"""SageMaker's container contract: where files lie, and how a job says why it failed.

SageMaker tells a container everything through files below /opt/ml, its environment and its exit code. The names of
those files are here and nowhere else, so that each program reads like what it does.
"""

from __future__ import annotations

import gzip
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TextIO

ML = Path("/opt/ml")
PROCESSING = ML / "processing"
TRAINING_INPUT = ML / "input"
MODEL = ML / "model"
OUTPUT = ML / "output"

FAILURE = OUTPUT / "failure"  # a training job's reason: FailureReason, its first 1,024 characters
MESSAGE = OUTPUT / "message"  # a processing job's last word: ExitMessage, its first 1,024 bytes
REPORT_BYTES = 1024

SCHEMA_FILE = "schema.json"
MODEL_FILE = "model.txt"
INFERENCE_FOLDER = "inference"  # below the model: what the API function needs of it


class ContainerError(Exception):
    """A mistake that the user can mend: the message says in what, where, and what to do."""


def run_training_job(job: Callable[[], str]) -> int:
    """Run a job and return its exit code. The file `failure` is there only if it failed."""
    closing, exit_code = _run(job)
    if exit_code:
        _write_report(FAILURE, closing)
    return exit_code


def run_processing_job(job: Callable[[], str]) -> int:
    """Run a job and return its exit code. Its last word goes into `message`, good or bad."""
    signal.signal(signal.SIGTERM, _leave)
    closing, exit_code = _run(job)
    _write_report(MESSAGE, closing)
    return exit_code


def _run(job: Callable[[], str]) -> tuple[str, int]:
    """What to report, and the exit code."""
    try:
        closing = job()
    except ContainerError as error:
        print(f"error: {error}", file=sys.stderr)
        return str(error), 1
    except Exception as error:  # noqa: BLE001 - the last line of defence: SageMaker must learn of whatever it was
        traceback.print_exc()
        return f"{type(error).__name__}: {error}", 1
    print(closing, flush=True)
    return closing, 0


def _leave(*_: object) -> NoReturn:
    """A stopped processing job has nothing to save. Without this, the first process of a container ignores SIGTERM."""
    sys.exit(128 + signal.SIGTERM)


def _write_report(report: Path, text: str) -> None:
    """At most 1,024 bytes, which is what SageMaker reads, cut between two characters."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_bytes(text.encode()[:REPORT_BYTES].decode(errors="ignore").encode())


def csv_files(folder: Path) -> list[Path]:
    """The CSV files of an input, by name. A channel may hold one file or many parts."""
    files = (
        sorted(path for path in folder.rglob("*") if path.name.endswith((".csv", ".csv.gz"))) if folder.is_dir() else []
    )
    if not files:
        raise ContainerError(f"{folder}: no file ends in .csv or .csv.gz; is the job's input connected to the data?")
    return files


@contextmanager
def open_csv(path: Path) -> Iterator[TextIO]:
    """Open a CSV file, packed or not, as UTF-8 text; a byte order mark is not part of the first column's name."""
    try:
        if path.name.endswith(".gz"):
            with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as packed:
                yield packed
        else:
            with path.open(encoding="utf-8-sig", newline="") as text:
                yield text
    except UnicodeDecodeError as error:
        raise ContainerError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise ContainerError(f"{path}: not a whole gzip file ({error})") from error
