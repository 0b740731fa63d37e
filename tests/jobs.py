"""What ended jobs leave: log events, and nothing on disk."""

from __future__ import annotations

from pathlib import Path

from tests.live import LiveEngine

PLACES = ("work/jobs/*", "processes/*-job.*", "logs/*-job.*", "work/builds/*", "processes/build.*", "logs/build.*")


def leftovers(folder: Path) -> list[str]:
    """The files and folders in a data folder that belong to jobs and builds, and are of use to nobody when those have ended."""
    return sorted(path.relative_to(folder).as_posix() for place in PLACES for path in folder.glob(place))


def logged(live: LiveEngine, group: str) -> list[str]:
    """Every line of a log group."""
    events = live.client("logs").filter_log_events(logGroupName=group)["events"]
    return [str(event["message"]) for event in events]
