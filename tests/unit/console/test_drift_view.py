"""The monitor says its verdict in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mlsystem.client.drift.findings import findings
from mlsystem.client.drift.trends import Trend
from mlsystem.console.drift_view import HEIGHT, WIDTH, bar_width, spark, verdict_of

AT = datetime(2026, 1, 1, tzinfo=UTC)


def found(verdict: str, **features: str) -> Any:
    told = [
        {"feature_name": name, "verdict": word, "distance": 0.3, "threshold": 0.2} for name, word in features.items()
    ]
    return findings({"verdict": verdict, "summary": "cannot tell: no rows", "features": told}, None, None)


def test_the_verdict_names_what_drifted_and_what_nobody_can_tell() -> None:
    told = verdict_of(found("drifted", temp="drifted", humid="not drifted", wind="cannot tell"))
    assert (told.style, told.title) == ("bad", "The data have drifted")
    assert told.words.startswith("1 of 3 features lies farther from the baseline than is allowed: temp.")
    assert "Of 1 nobody can tell: wind" in told.words
    assert verdict_of(found("not drifted", temp="not drifted")).style == "good"
    unknown = verdict_of(found("cannot tell"))
    assert (unknown.style, unknown.words) == ("warn", "Cannot tell: no rows.")


def test_a_long_list_of_drifted_features_is_cut() -> None:
    told = verdict_of(found("drifted", **{f"f{number}": "drifted" for number in range(9)}))
    assert told.words.endswith("f0, f1, f2, f3 and 5 more.")


def test_a_small_line_stays_in_its_box() -> None:
    values = (0.0, 9.0, 0.1)
    line = spark(Trend(tuple(AT + timedelta(hours=hour) for hour in range(3)), values), 0.2)
    assert line is not None
    points = [tuple(map(float, point.split(","))) for point in line.points.split(" ")]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert spark(Trend(), 0.2) is None


def test_the_middle_of_a_bar_is_the_threshold() -> None:
    one = found("drifted", temp="drifted").features[0]
    assert bar_width(one) == 72.0
