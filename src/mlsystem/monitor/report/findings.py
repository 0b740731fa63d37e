"""The verdicts of one run as verdicts.json tells them: what the page ranks, and what it draws over time."""

import math
from dataclasses import dataclass

from mlsystem.monitor.document import Node
from mlsystem.monitor.verdicts import Verdict


@dataclass(frozen=True)
class Finding:
    """The verdict on one feature, and what was measured if anything was."""

    feature: str
    verdict: Verdict
    reason: str
    values_before: int = 0
    values_now: int = 0
    method: str | None = None
    threshold: float | None = None
    distance: float | None = None
    p_value: float | None = None  # of a test, corrected

    @property
    def limit(self) -> float | None:
        """The distance that may not be exceeded; a test's threshold is a level of significance."""
        if self.threshold is None or self.p_value is None:
            return self.threshold
        return 1.0 - self.threshold

    @property
    def exceedance(self) -> float | None:
        """The distance over its limit: above 1 is too far. None where nothing was measured."""
        if self.distance is None or self.limit is None:
            return None
        if self.limit > 0.0:
            return self.distance / self.limit
        return math.inf if self.distance > self.limit else 1.0


@dataclass(frozen=True)
class Findings:
    """The verdicts of a run, over all and of each feature that was to be compared."""

    verdict: Verdict
    features: tuple[Finding, ...]

    def of(self, verdict: Verdict) -> list[Finding]:
        """Those with that verdict."""
        return [finding for finding in self.features if finding.verdict is verdict]


def parse_verdicts(document: object) -> Findings:
    """The findings that a verdicts.json holds. Raises DocumentError."""
    root = Node(document)
    return Findings(_verdict(root), tuple(_parse_finding(node) for node in root["features"].items()))


def _parse_finding(node: Node) -> Finding:
    method = node.get("method")
    return Finding(
        feature=node["feature_name"].text(),
        verdict=_verdict(node),
        reason=node["reason"].text(),
        values_before=node["values_in_baseline"].whole_number(),
        values_now=node["values_now"].whole_number(),
        method=method.text() if method else None,
        threshold=_optional(node, "threshold"),
        distance=_optional(node, "distance"),
        p_value=_optional(node, "corrected_p_value"),
    )


def _verdict(node: Node) -> Verdict:
    return Verdict(node["verdict"].one_of(*(kind.value for kind in Verdict)))


def _optional(node: Node, key: str) -> float | None:
    member = node.get(key)
    return member.number() if member else None
