"""The runs of a schedule up to this one: what the page draws over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlsystem.monitor.report.findings import Finding, Findings

MOST_RUNS = 400


@dataclass(frozen=True)
class PastRun:
    """A run and the hour that it was about."""

    hour: datetime
    findings: Findings


@dataclass(frozen=True)
class Point:
    """What one run says of one feature."""

    hour: datetime
    finding: Finding


@dataclass(frozen=True)
class History:
    """The runs in the order of their hours, the last of which is this one."""

    runs: tuple[PastRun, ...] = ()
    left_out: int = 0  # how many there are that are older still
    unreadable: tuple[str, ...] = ()  # files of earlier runs, each with what is wrong with it


def by_feature(history: History, features: Sequence[str]) -> dict[str, list[Point]]:
    """What the runs say of each feature; a run that does not know a feature says nothing of it."""
    found: dict[str, list[Point]] = {name: [] for name in features}
    for run in history.runs:
        for finding in run.findings.features:
            if finding.feature in found:
                found[finding.feature].append(Point(run.hour, finding))
    return found
