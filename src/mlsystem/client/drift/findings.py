"""What an execution found, feature by feature: its `verdicts.json`, `constraint_violations.json` and `report.json`.

The last holds both distributions on the same bins: nobody needs the sketches of `statistics.json`, which take megabytes. An image of
another maker leaves neither verdicts nor report: then only its violations are known, and nobody can tell of a drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.stored_file import FinalDocuments

VERDICTS, VIOLATIONS, REPORT, PAGE = "verdicts.json", "constraint_violations.json", "report.json", "report.html"
CANNOT_TELL, DRIFTED = "cannot tell", "drifted"
_ORDER = {DRIFTED: 0, CANNOT_TELL: 1}


@dataclass(frozen=True)
class FeatureVerdict:
    """`closeness` is the distance as a share of the threshold: from 1 on it is beyond."""

    name: str
    verdict: str
    reason: str
    method: str = ""
    distance: float | None = None
    threshold: float | None = None
    values_now: int = 0
    values_in_baseline: int = 0

    @property
    def closeness(self) -> float:
        return (self.distance or 0.0) / self.threshold if self.threshold else self.distance or 0.0


@dataclass(frozen=True)
class Violation:
    feature: str
    check: str
    description: str


@dataclass(frozen=True)
class Share:
    """Of the rows, from 0 to 1, in a bin or of a category."""

    label: str
    in_baseline: float
    now: float


@dataclass(frozen=True)
class Distribution:
    """`spread_*` are named quantiles, of numbers alone; missing shares are None where there is no such column."""

    feature: str
    is_numeric: bool
    shares: tuple[Share, ...]
    missing_in_baseline: float | None
    missing_now: float | None
    spread_in_baseline: Mapping[str, float] = field(default_factory=dict)
    spread_now: Mapping[str, float] = field(default_factory=dict)
    new_categories: tuple[str, ...] = ()
    gone_categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """`features` are ranked: what has drifted first, then what nobody can tell, each the farthest off first."""

    verdict: str
    summary: str
    features: tuple[FeatureVerdict, ...]
    violations: tuple[Violation, ...]
    requests: int | None
    unreadable_rows: int
    has_report: bool
    rows_now: int | None = None
    rows_in_baseline: int | None = None
    distributions: Mapping[str, Any] = field(default_factory=dict)

    def distribution(self, feature: str) -> Distribution | None:
        """None where the report has none of it."""
        told = self.distributions.get(feature)
        return _distribution(told) if told else None


def read_findings(connection: Connection, documents: FinalDocuments, folder: str) -> Findings:
    """Of an execution that completed. Raises ClientFailure for what cannot be read."""
    verdicts = _read(connection, documents, f"{folder}/{VERDICTS}")
    violations = _read(connection, documents, f"{folder}/{VIOLATIONS}")
    report = _read(connection, documents, f"{folder}/{REPORT}")
    try:
        return findings(verdicts, violations, report)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ClientFailure(f"what the execution left at {folder} cannot be read: {error!r}") from error


def findings(verdicts: Any, violations: Any, report: Any) -> Findings:
    """Of the documents; None for one that is not there. Pure."""
    told = verdicts or {
        "verdict": CANNOT_TELL,
        "summary": f"cannot tell: the execution left no {VERDICTS}",
        "features": (),
    }
    found = report or {}
    return Findings(
        verdict=told["verdict"],
        summary=told["summary"],
        features=ranked([_feature(one) for one in told["features"]]),
        violations=tuple(_violation(one) for one in (violations or {}).get("violations", ())),
        requests=told.get("captured_records"),
        unreadable_rows=int(told.get("unreadable_rows", 0)),
        has_report=report is not None,
        rows_now=found.get("rows_now"),
        rows_in_baseline=found.get("rows_in_baseline"),
        distributions={one["feature_name"]: one for one in found.get("features", ())},
    )


def ranked(features: Sequence[FeatureVerdict]) -> tuple[FeatureVerdict, ...]:
    return tuple(sorted(features, key=lambda one: (_ORDER.get(one.verdict, 2), -one.closeness, one.name)))


def _read(connection: Connection, documents: FinalDocuments, uri: str) -> Any:
    try:
        return documents.read(connection, uri)
    except NotFound:
        return None


def _feature(told: Mapping[str, Any]) -> FeatureVerdict:
    return FeatureVerdict(
        name=told["feature_name"],
        verdict=told["verdict"],
        reason=told.get("reason", ""),
        method=told.get("method", ""),
        distance=told.get("distance"),
        threshold=told.get("threshold"),
        values_now=int(told.get("values_now", 0)),
        values_in_baseline=int(told.get("values_in_baseline", 0)),
    )


def _violation(told: Mapping[str, Any]) -> Violation:
    named = told.get("feature_name") or told.get("metric_name", "")
    return Violation(named, told["constraint_check_type"], told.get("description", "").strip())


def _distribution(told: Mapping[str, Any]) -> Distribution:
    numbers, categories = told.get("numbers"), told.get("categories", {})
    shares = [_bin(one) for one in numbers["bins"]] if numbers else _categories(categories)
    return Distribution(
        feature=told["feature_name"],
        is_numeric=numbers is not None,
        shares=tuple(shares),
        missing_in_baseline=told.get("missing_in_baseline"),
        missing_now=told.get("missing_now"),
        spread_in_baseline=(numbers or {}).get("spread_in_baseline") or {},
        spread_now=(numbers or {}).get("spread_now") or {},
        new_categories=_values(categories.get("new")),
        gone_categories=_values(categories.get("gone")),
    )


def _bin(told: Mapping[str, Any]) -> Share:
    low, high = f"{told['lower_bound']:.4g}", f"{told['upper_bound']:.4g}"
    return Share(low if low == high else f"{low} – {high}", told["share_in_baseline"], told["share_now"])


def _categories(told: Mapping[str, Any]) -> list[Share]:
    listed = [Share(str(one["value"]), one["share_in_baseline"], one["share_now"]) for one in told.get("shares", ())]
    other = told.get("other")
    if other and (other["share_in_baseline"] or other["share_now"]):
        listed.append(Share("all others", other["share_in_baseline"], other["share_now"]))
    return listed


def _values(told: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in (told or {}).get("values", ()))
