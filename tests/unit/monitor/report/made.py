"""Reports made by hand: small profiles, findings and pages for the tests of the report."""

from collections.abc import Sequence

import numpy as np

from mlsystem.monitor.profile import Categories, DatasetProfile, FeatureProfile, NumericalStatistics, feature_profile
from mlsystem.monitor.report.evidence import Evidence, Run, gather
from mlsystem.monitor.report.findings import Finding, Findings
from mlsystem.monitor.report.report import Report
from mlsystem.monitor.types import TypeCounts
from mlsystem.monitor.verdicts import Verdict
from tests.unit.monitor.columns import KnownColumn

HOSTILE = """<script>alert("1")</script>&'"""


def numbers(name: str, values: Sequence[float], rows: int | None = None) -> FeatureProfile:
    """A feature of numbers; the rest of the rows has none."""
    array = np.array(values, dtype=np.float64)
    column = KnownColumn(name, TypeCounts(fractional=len(values)), array)
    return feature_profile(column, len(values) if rows is None else rows)


def statistics(values: Sequence[float]) -> NumericalStatistics:
    found = numbers("n", values).numerical
    assert found is not None
    return found


def words(name: str, counts: dict[str, int], rows: int | None = None, distinct: int | None = None) -> FeatureProfile:
    """A feature of categories; the rest of the rows has none."""
    present = sum(counts.values())
    listed = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    categories = Categories(len(counts) if distinct is None else distinct, listed)
    column = KnownColumn(name, TypeCounts(string=present), known_categories=categories)
    return feature_profile(column, rows or present)


def dataset(*features: FeatureProfile) -> DatasetProfile:
    return DatasetProfile(features[0].num_present + features[0].num_missing if features else 0, features)


def finding(name: str = "n", verdict: Verdict = Verdict.DRIFTED, distance: float | None = 0.5) -> Finding:
    method, threshold = (None, None) if distance is None else ("Robust", 0.1)
    return Finding(name, verdict, "Robust gives so much", 100, 50, method, threshold, distance)


def judged_by_test(name: str, p_value: float, level: float = 0.05) -> Finding:
    verdict = Verdict.DRIFTED if p_value < level else Verdict.NOT_DRIFTED
    return Finding(name, verdict, "", 100, 50, "KolmogorovSmirnov", level, 1.0 - p_value, p_value)


def findings(*features: Finding) -> Findings:
    found = {one.verdict for one in features}
    verdict = next((one for one in (Verdict.DRIFTED, Verdict.CANNOT_TELL) if one in found), Verdict.NOT_DRIFTED)
    return Findings(verdict if features else Verdict.CANNOT_TELL, features)


RUN = Run("2026-11-24T02:30:00+00:00", "hour.csv")


def evidence(*pairs: tuple[FeatureProfile, FeatureProfile], run: Run = RUN) -> Evidence:
    before, now = (dataset(*(pair[side] for pair in pairs)) for side in (0, 1))
    return gather(run, before, now, [pair[0].name for pair in pairs])


def report_of(*pairs: tuple[FeatureProfile, FeatureProfile]) -> Report:
    """In which every feature has drifted."""
    return Report(findings(*(finding(pair[0].name) for pair in pairs)), evidence(*pairs))
