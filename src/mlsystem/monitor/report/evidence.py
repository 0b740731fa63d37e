"""What the page shows besides the verdicts and the violations: report.json holds it.

It is measured while the profiles are at hand; afterwards the page can be made again from files alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mlsystem.monitor.profile import DatasetProfile, FeatureProfile
from mlsystem.monitor.report.category_shares import CategoryShares, category_shares
from mlsystem.monitor.report.number_shares import NumberShares, number_shares
from mlsystem.monitor.unusual_rows import UnusualRow


@dataclass(frozen=True)
class FeatureEvidence:
    """One feature, then and now; the share of missing values is None where there is no such column."""

    feature: str
    missing_before: float | None
    missing_now: float | None
    numbers: NumberShares | None = None
    categories: CategoryShares | None = None


@dataclass(frozen=True)
class Run:
    """Which run it was."""

    created: str  # a time stamp, ISO 8601
    source: str  # the files or folders that were read
    window: str | None = None
    endpoint: str | None = None
    schedule: str | None = None


@dataclass(frozen=True)
class Evidence:
    """All features that were compared, and the rows that are most unusual."""

    run: Run
    rows_before: int
    rows_now: int
    features: tuple[FeatureEvidence, ...]
    not_compared: tuple[str, ...] = ()  # columns of the baseline for which the constraints disable it
    worst_rows: tuple[UnusualRow, ...] | None = None  # None: nobody looked for them
    rows_searched: int = 0  # for these

    def feature(self, name: str) -> FeatureEvidence | None:
        """The feature of that name, if there is one."""
        return next((one for one in self.features if one.feature == name), None)


def gather(
    run: Run,
    baseline: DatasetProfile,
    current: DatasetProfile,
    compared: Sequence[str],
    not_compared: Sequence[str] = (),
    worst_rows: tuple[UnusualRow, ...] | None = None,
    rows_searched: int = 0,
) -> Evidence:
    """The evidence on the features that were compared."""
    before, now = ({one.name: one for one in side.features} for side in (baseline, current))
    features = tuple(feature_evidence(name, before.get(name), now.get(name)) for name in compared)
    return Evidence(
        run, baseline.item_count, current.item_count, features, tuple(not_compared), worst_rows, rows_searched
    )


def feature_evidence(name: str, before: FeatureProfile | None, now: FeatureProfile | None) -> FeatureEvidence:
    """One feature as what it was compared as: numbers where the baseline has numbers."""
    missing_before, missing_now = (1.0 - side.completeness if side else None for side in (before, now))
    found = FeatureEvidence(name, missing_before, missing_now)
    if before and before.numerical:
        return replace(found, numbers=number_shares(before.numerical, now.numerical if now else None))
    if any(side and side.categories and side.categories.counts for side in (before, now)):
        return replace(found, categories=category_shares(before, now))
    return found
