"""From counts to a verdict: strata that look at totals alone, evidence that is averaged, and a policy for too few requests."""

from __future__ import annotations

import pytest
from judgement import (
    CRITERIA,
    ERRORS,
    LATENCY,
    PREDICTIONS,
    Comparison,
    Criterion,
    Evidence,
    NoData,
    Policy,
    Stratum,
    Verdict,
    reason_for,
    strata,
    verdict_on,
    weigh,
)
from sequential_test import Table

POLICY = Policy(0.01, 100, NoData.PASS)
QUIET = Evidence(0.0, {criterion.name: 0.0 for criterion in CRITERIA})


def test_a_stratum_ends_when_both_versions_have_answered_enough_or_after_a_minute() -> None:
    new = {10: 12, 11: 12, 13: 1}
    old = dict.fromkeys(range(10, 200), 18)
    found = strata(new, old, 9.2, 150.9, is_over=False)
    assert found == [Stratum(10, 12), Stratum(12, 72), Stratum(72, 132)]
    assert strata(new, old, 9.2, 150.9, is_over=True)[-1] == Stratum(132, 150)


def test_strata_that_are_closed_stay_what_they_are_when_more_requests_come() -> None:
    new, old = dict.fromkeys(range(100), 3), dict.fromkeys(range(100), 30)
    whole = strata(new, old, 0, 100, is_over=True)
    for until in range(100):
        found = strata(new, old, 0, until, is_over=False)
        assert found == whole[: len(found)]


def test_without_a_whole_second_there_is_no_stratum() -> None:
    assert strata({}, {}, 10.2, 10.9, is_over=True) == []


def many(criterion: Criterion, table: Table, count: int = 12) -> Comparison:
    return Comparison(criterion, (table,) * count)


@pytest.mark.parametrize(
    ("criterion", "table"),
    [
        (ERRORS, Table(20, 180, 2, 1)),
        (LATENCY, Table(20, 180, 12, 18)),
        (PREDICTIONS, Table(20, 180, 20, 90)),
        (PREDICTIONS, Table(20, 180, 0, 90)),
    ],
)
def test_each_criterion_alone_is_enough(criterion: Criterion, table: Table) -> None:
    evidence = weigh([many(criterion, table)], 12, POLICY.false_alarm_rate)
    assert evidence.share >= 1
    assert verdict_on(evidence, 3, POLICY, is_over=False) is Verdict.WORSE


@pytest.mark.parametrize(
    ("criterion", "table"),
    [
        (ERRORS, Table(20, 180, 2, 18)),
        (LATENCY, Table(20, 180, 3, 18)),
        (PREDICTIONS, Table(20, 180, 13, 90)),
        (PREDICTIONS, Table(20, 180, 7, 90)),
    ],
)
def test_what_is_tolerated_is_never_evidence(criterion: Criterion, table: Table) -> None:
    assert weigh([many(criterion, table, 200)], 200, POLICY.false_alarm_rate).share < 0.5


def test_the_greatest_evidence_of_all_looks_counts() -> None:
    bad, good = Table(20, 180, 3, 0), Table(20, 180, 0, 5)
    course = Comparison(ERRORS, (bad,) * 6 + (good,) * 40)
    evidence = weigh([course], 46, POLICY.false_alarm_rate)
    assert evidence.share >= 1
    assert evidence.by_criterion["errors"] < 1


def test_criteria_without_data_keep_their_weight_and_say_nothing() -> None:
    assert weigh([], 3, 0.01).by_criterion == {"errors": 0.0, "latency": 0.0, "predictions": 0.0}
    assert weigh([], 0, 0.01).share == 0


@pytest.mark.parametrize(
    ("no_data", "verdict"),
    [
        (NoData.WAIT, Verdict.WAITING),
        (NoData.FAIL, Verdict.FAILED_WITHOUT_DATA),
        (NoData.PASS, Verdict.PASSED_WITHOUT_DATA),
    ],
)
def test_too_few_requests_are_answered_as_it_was_declared(no_data: NoData, verdict: Verdict) -> None:
    policy = Policy(0.01, 100, no_data)
    assert verdict_on(QUIET, 99, policy, is_over=False) is Verdict.UNDECIDED
    assert verdict_on(QUIET, 99, policy, is_over=True) is verdict
    assert verdict_on(QUIET, 100, policy, is_over=True) is Verdict.NOT_WORSE
    assert f"99 requests, and 100 are wanted; the policy for too few is to {no_data}" in reason_for(
        verdict, QUIET, [], 99, policy
    )


def test_a_deployment_ends_well_with_these_verdicts_only() -> None:
    good = {verdict for verdict in Verdict if verdict.is_good}
    assert good == {Verdict.NOT_WORSE, Verdict.PASSED_WITHOUT_DATA, Verdict.NOT_COMPARED}


def test_the_reason_names_the_criterion_that_weighs_most_with_its_numbers() -> None:
    comparisons = [many(ERRORS, Table(20, 180, 2, 0)), many(LATENCY, Table(20, 180, 2, 18))]
    evidence = weigh(comparisons, 12, 0.01)
    reason = reason_for(Verdict.WORSE, evidence, comparisons, 240, POLICY)
    assert reason == (
        "the new version is worse than the old one: answers with 5xx: 24 of 240 (10.0 %) of the new version,"
        " 0 of 2160 (0.0 %) of the old one"
    )
