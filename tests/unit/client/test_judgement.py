"""A judge's record is read as the judge writes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlsystem.client.judgement import Compared, parse_judgement

RECORD = {
    "verdict": "worse",
    "isGood": False,
    "reason": "the new version is worse",
    "evidence": 1.2,
    "looks": 3,
    "lookedAt": "2026-01-01T00:00:00.000+00:00",
    "newRequests": 20,
    "oldRequests": 180,
    "policy": {"falseAlarmRate": 0.01, "minRequests": 100, "noData": "wait"},
    "criteria": {
        "errors": {
            "log10EValue": 2.5,
            "toleratedOddsRatio": 1.2,
            "comparisons": [
                {"what": "answers", "above": None, "newRequests": 20, "newBad": 9, "oldRequests": 180, "oldBad": 1}
            ],
        }
    },
}


def test_a_record_has_its_verdict_and_what_it_rests_on() -> None:
    found = parse_judgement(RECORD)
    assert (found.verdict, found.evidence, found.min_requests, found.no_data) == ("worse", 1.2, 100, "wait")
    assert found.looked_at == datetime(2026, 1, 1, tzinfo=UTC)
    [criterion] = found.criteria
    assert (criterion.name, criterion.e_value_log10, criterion.tolerated_odds) == ("errors", 2.5, 1.2)
    assert criterion.compared == (Compared("answers", 20, 9, 180, 1),)


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(KeyError):
        parse_judgement({"verdict": "worse"})
