"""All that a page is made of, and in which order its features come."""

from dataclasses import dataclass, field

from mlsystem.monitor.report.evidence import Evidence, FeatureEvidence
from mlsystem.monitor.report.findings import Finding, Findings
from mlsystem.monitor.report.history import History
from mlsystem.monitor.verdicts import Verdict
from mlsystem.monitor.violations import Violation

_ORDER = (Verdict.DRIFTED, Verdict.CANNOT_TELL, Verdict.NOT_DRIFTED)


@dataclass(frozen=True)
class Feature:
    """The verdict on one feature and what it rests on."""

    finding: Finding
    evidence: FeatureEvidence

    @property
    def moved(self) -> float:
        """The share of the values that would have to change bin or category for both sides to be equal."""
        numbers, categories = self.evidence.numbers, self.evidence.categories
        if numbers:
            return sum(abs(one.now - one.before) for one in numbers.bins) / 2.0
        rows = (*categories.shares, categories.other) if categories else ()
        return sum(abs(row.gain) for row in rows) / 2.0


@dataclass(frozen=True)
class Report:
    """One run of a check, and the earlier ones beside it."""

    findings: Findings
    evidence: Evidence
    violations: tuple[Violation, ...] = ()
    history: History = field(default_factory=History)

    def ranked(self) -> list[Feature]:
        """Drifted ones first, then those of which nobody can tell, then the rest; the farthest off first.

        Tests end at 1: there the smaller p-value goes first, and then what has moved most.
        """
        known = {one.feature: one for one in self.evidence.features}
        features = [Feature(one, known[one.feature]) for one in self.findings.features if one.feature in known]
        return sorted(features, key=_rank)

    def features_without_evidence(self) -> list[str]:
        """Those of which the verdicts speak and the evidence does not: the two are then not of one check."""
        known = {one.feature for one in self.evidence.features}
        return [one.feature for one in self.findings.features if one.feature not in known]


def _rank(feature: Feature) -> tuple[int, float, float, float, str]:
    finding = feature.finding
    p_value = 1.0 if finding.p_value is None else finding.p_value
    return _ORDER.index(finding.verdict), -(finding.exceedance or 0.0), p_value, -feature.moved, finding.feature
