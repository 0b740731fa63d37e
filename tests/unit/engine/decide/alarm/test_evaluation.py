"""Alarms: from data points to a state, as CloudWatch's own tables say."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.alarm import (
    AlarmRule,
    MissingData,
    Point,
    Verdict,
    evaluate,
    evaluation_range,
    period_starts,
)

NOW = 1_667_906_765.399  # 2022-11-08T11:26:05.399Z
TREATMENTS = (MissingData.MISSING, MissingData.IGNORE, MissingData.BREACHING, MissingData.NOT_BREACHING)


def judged(pattern: str, needed: int, periods: int, missing: MissingData, **more: Any) -> Verdict | None:
    """`0` is within the threshold, `X` breaches it, `-` is missing; oldest first."""
    rule = AlarmRule("GreaterThanThreshold", 1.0, 60, periods, needed, missing, "Average", **more)
    values = {"0": 0.0, "X": 5.0, "-": None}
    starts = period_starts(rule, NOW)
    points = [
        Point(start, values[letter], None if letter == "-" else 1.0)
        for start, letter in zip(starts[-len(pattern) :], pattern, strict=True)
    ]
    return evaluate(rule, points, NOW)


def state(verdict: Verdict | None) -> str:
    return "retained" if verdict is None else str(verdict.state)


# The tables of "How alarm state is evaluated when data is missing".
@pytest.mark.parametrize(
    ("pattern", "needed", "states"),
    [
        ("0-X-X", 3, ("OK", "OK", "OK", "OK")),
        ("0----", 3, ("OK", "OK", "OK", "OK")),
        ("-----", 3, ("INSUFFICIENT_DATA", "retained", "ALARM", "OK")),
        ("0XX-X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("--X--", 3, ("ALARM", "retained", "ALARM", "OK")),
        ("0-X-X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("00X0X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0-X--", 2, ("OK", "OK", "ALARM", "OK")),
        ("----0", 2, ("OK", "OK", "ALARM", "OK")),
        ("---X-", 2, ("ALARM", "retained", "ALARM", "OK")),
    ],
)
def test_the_tables_of_the_manual_hold(pattern: str, needed: int, states: tuple[str, ...]) -> None:
    assert tuple(state(judged(pattern, needed, 3, missing)) for missing in TREATMENTS) == states


@pytest.mark.parametrize(
    ("pattern", "needed", "periods", "expected"),
    [
        ("--X", 1, 1, "ALARM"),
        ("X--", 1, 1, "ALARM"),
        ("--0", 1, 1, "OK"),
        ("---", 1, 1, "INSUFFICIENT_DATA"),
        ("XX000", 3, 3, "OK"),
        ("00XXX", 3, 3, "ALARM"),
        ("----X", 2, 3, "retained"),
        ("----X", 3, 3, "retained"),
        ("---XX", 3, 3, "retained"),
        ("--XXX", 3, 3, "ALARM"),
        ("--X-X", 3, 3, "ALARM"),
    ],
)
def test_a_breach_must_have_had_time_to_last(pattern: str, needed: int, periods: int, expected: str) -> None:
    assert state(judged(pattern, needed, periods, MissingData.MISSING)) == expected


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [2.0]),
        ("GreaterThanOrEqualToThreshold", [1.0, 2.0]),
        ("LessThanThreshold", [0.0]),
        ("LessThanOrEqualToThreshold", [0.0, 1.0]),
    ],
)
def test_each_comparison(comparison: str, breaching: list[float]) -> None:
    rule = AlarmRule(comparison, 1.0, 60)
    assert [value for value in (0.0, 1.0, 2.0) if rule.is_breaching(value)] == breaching


def test_the_range_ends_with_the_last_whole_period() -> None:
    rule = AlarmRule("GreaterThanThreshold", 1.0, 60, 2, 2)
    assert evaluation_range(rule) == 4
    assert period_starts(rule, 600.0) == [360, 420, 480, 540]
    assert period_starts(rule, 659.9) == [360, 420, 480, 540]


@pytest.mark.parametrize(
    ("pattern", "needed", "missing", "words"),
    [
        (
            "00XX0",
            2,
            MissingData.MISSING,
            "Threshold Crossed: 2 out of the last 3 datapoints [5.0 (08/11/22 11:24:00), 5.0 (08/11/22 11:23:00)]"
            " were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition).",
        ),
        (
            "XXXX0",
            3,
            MissingData.MISSING,
            "Threshold Crossed: 1 out of the last 3 datapoints [0.0 (08/11/22 11:25:00)] was not greater than the"
            " threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            "-----",
            3,
            MissingData.BREACHING,
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as"
            " [Breaching].",
        ),
        (
            "----X",
            2,
            MissingData.BREACHING,
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as"
            " [Breaching].",
        ),
        (
            "---00",
            2,
            MissingData.NOT_BREACHING,
            "Threshold Crossed: 2 datapoints were received for 3 periods and 1 missing datapoint was treated as"
            " [NonBreaching].",
        ),
        ("-----", 2, MissingData.MISSING, "Insufficient Data: 3 datapoints were unknown."),
    ],
)
def test_the_reason_reads_as_cloudwatch_writes_it(pattern: str, needed: int, missing: MissingData, words: str) -> None:
    verdict = judged(pattern, needed, 3, missing)
    assert verdict is not None
    assert verdict.reason == words


def test_a_single_period_is_told_in_the_singular() -> None:
    verdict = judged("---", 1, 1, MissingData.NOT_BREACHING)
    assert verdict is not None
    assert verdict.reason == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."
    )


def test_many_data_points_come_in_a_sentence_of_their_own() -> None:
    verdict = judged("00XXXXXX", 6, 6, MissingData.MISSING)
    assert verdict is not None
    assert verdict.reason == (
        "Threshold Crossed: 6 out of the last 6 datapoints were greater than the threshold (1.0). The most recent datapoints"
        " which crossed the threshold: [5.0 (08/11/22 11:25:00), 5.0 (08/11/22 11:24:00), 5.0 (08/11/22 11:23:00),"
        " 5.0 (08/11/22 11:22:00), 5.0 (08/11/22 11:21:00)] (minimum 6 datapoints for OK -> ALARM transition)."
    )


def test_the_reason_data_shows_what_was_evaluated() -> None:
    verdict = judged("-XX-", 2, 2, MissingData.MISSING, unit="Count")
    assert verdict is not None
    assert verdict.reason_data == {
        "version": "1.0",
        "queryDate": "2022-11-08T11:26:05.399+0000",
        "startDate": "2022-11-08T11:23:00.000+0000",
        "unit": "Count",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [5.0, 5.0],
        "threshold": 1.0,
        "evaluatedDatapoints": [
            {"timestamp": "2022-11-08T11:24:00.000+0000", "sampleCount": 1.0, "value": 5.0},
            {"timestamp": "2022-11-08T11:23:00.000+0000", "sampleCount": 1.0, "value": 5.0},
        ],
    }


@pytest.mark.parametrize(("count", "expected"), [(999.0, "retained"), (1000.0, "ALARM")])
def test_a_percentile_of_too_few_samples_changes_nothing_where_it_is_to_be_ignored(count: float, expected: str) -> None:
    rule = AlarmRule("GreaterThanThreshold", 1.0, 60, statistic="p99", ignores_low_samples=True)
    points = [Point(start, 5.0, count) for start in period_starts(rule, NOW)]
    assert state(evaluate(rule, points, NOW)) == expected
