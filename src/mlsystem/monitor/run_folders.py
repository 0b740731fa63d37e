"""Where the runs of a schedule lie: in folders yyyy/mm/dd/HH below that of the schedule, each with its verdicts.json."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlsystem.monitor.errors import ReportError

VERDICTS = "verdicts.json"
EVIDENCE = "report.json"
_DEPTH = 4
_DIGITS = "/".join(("[0-9]" * 4, *("[0-9]" * 2 for _ in range(3))))  # does not search a whole disk, as ** would
_HOUR = re.compile(r"(\d{4})/(\d{2})/(\d{2})/(\d{2})")


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run, and the hour that its name tells."""

    path: Path
    hour: datetime


def find_run(folder: Path) -> Path:
    """The folder itself if a check has written there, else the latest run below it. Raises ReportError if there is none."""
    try:
        is_folder, has_run = folder.is_dir(), any((folder / name).is_file() for name in (VERDICTS, EVIDENCE))
    except OSError as error:
        raise ReportError(f"{folder} cannot be read: {error.strerror}") from error
    if not is_folder:
        raise ReportError(f"{folder} is no folder. Name one that `python -m mlsystem.monitor check` has written to")
    if has_run:
        return folder
    runs = _runs(folder, "**")
    schedules = sorted({str(run.path.parents[_DEPTH - 1]) for run in runs})
    if not runs:
        raise ReportError(
            f"{folder} holds nothing that a check has written: no {VERDICTS}, and no yyyy/mm/dd/HH folders with one. "
            f"Run `python -m mlsystem.monitor check DATA --baseline DIR --output {folder}` first"
        )
    if len(schedules) > 1:
        raise ReportError(f"{folder} holds the runs of {len(schedules)} schedules. Name one: {', '.join(schedules)}")
    return runs[-1].path


def earlier_runs(run: Path, created: datetime) -> list[RunFolder]:
    """The runs before this one in the order of their hours: of its schedule, or below it if it lies in no such tree."""
    hour = hour_of(run)
    root = run.resolve().parents[_DEPTH - 1] if hour else run
    return [found for found in _runs(root, _DIGITS) if found.hour < (hour or created)]


def hour_of(run: Path) -> datetime | None:
    """The hour that the last four folders of the path name, if they do."""
    match = _HOUR.fullmatch("/".join(run.resolve().parts[-_DEPTH:]))
    if match is None:
        return None
    try:
        return datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:  # no such day
        return None


def _runs(folder: Path, below: str) -> list[RunFolder]:
    """The runs in those folders below, in the order of their hours."""
    try:
        found = [(path.parent, hour_of(path.parent)) for path in folder.resolve().glob(f"{below}/{VERDICTS}")]
    except OSError as error:
        raise ReportError(f"{folder} cannot be read: {error.strerror}") from error
    return sorted((RunFolder(path, hour) for path, hour in found if hour), key=lambda run: (run.hour, run.path))
