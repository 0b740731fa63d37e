"""What a person is told of drift: by the files that an execution leaves, and by its schedule."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from mlsystem.client.connection import Connection
from mlsystem.client.drift.expression import in_words, next_run
from mlsystem.client.drift.findings import findings
from mlsystem.client.drift.quality import quality
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.retraining import DecisionView, Guards, allowance
from mlsystem.client.stored_file import FinalDocuments

AT = datetime(2026, 5, 31, 22, 10, tzinfo=UTC)


def feature(name: str, verdict: str, distance: float | None = None) -> dict[str, Any]:
    return {"feature_name": name, "verdict": verdict, "reason": "r", "distance": distance, "threshold": 0.2}


VERDICTS = {
    "verdict": "drifted",
    "summary": "drifted",
    "features": [
        feature("near", "not drifted", 0.1),
        feature("far", "drifted", 0.9),
        feature("unknown", "cannot tell"),
        feature("farther", "drifted", 1.9),
    ],
}


def test_features_are_ranked_by_what_matters_most() -> None:
    found = findings(VERDICTS, {"violations": []}, None)
    assert [one.name for one in found.features] == ["farther", "far", "unknown", "near"]


def test_an_image_that_leaves_no_verdicts_is_never_good_news() -> None:
    violations = {
        "violations": [{"feature_name": "a", "constraint_check_type": "baseline_drift_check", "description": "d "}]
    }
    found = findings(None, violations, None)
    assert (found.verdict, found.has_report) == ("cannot tell", False)
    assert found.violations[0].description == "d"


def test_both_distributions_come_on_the_same_bins() -> None:
    bins = [{"lower_bound": 0, "upper_bound": 5.0, "share_in_baseline": 0.75, "share_now": 0.25}]
    categories = {
        "shares": [{"value": "UA", "share_in_baseline": 0.5, "share_now": 0.4}],
        "other": {"value": "", "share_in_baseline": 0.5, "share_now": 0.6},
        "new": {"count": 1, "share": 0.1, "values": ["ZZ"]},
    }
    report = {
        "features": [{"feature_name": "n", "numbers": {"bins": bins}}, {"feature_name": "c", "categories": categories}]
    }
    found = findings(VERDICTS, None, report)
    numbers, words = found.distribution("n"), found.distribution("c")
    assert numbers is not None and words is not None
    assert [(one.label, one.in_baseline, one.now) for one in numbers.shares] == [("0 – 5", 0.75, 0.25)]
    assert [one.label for one in words.shares] == ["UA", "all others"]
    assert words.new_categories == ("ZZ",)
    assert found.distribution("other") is None


def test_requests_that_wait_for_ground_truth_are_counted() -> None:
    merge = {"merged": 8, "captures_without_ground_truth": 2}
    metric = {"metric_name": "auc", "verdict": "worse", "value": 0.5, "threshold": 0.8}
    found = quality({"verdict": "worse", "summary": "s", "merge": merge, "metrics": [metric]})
    assert (found.merged, found.waiting, found.metrics[0].name) == (8, 2, "auc")


@pytest.mark.parametrize(
    ("expression", "words", "ahead"),
    [
        ("cron(0 * ? * * *)", "every hour", timedelta(minutes=50)),
        ("cron(0 3 ? * * *)", "every day at 03:00 UTC", timedelta(hours=4, minutes=50)),
        ("cron(0 0/6 ? * * *)", "every 6 hours, from 00:00 UTC", timedelta(hours=1, minutes=50)),
        ("cron(15 22 ? * * *)", "every day at 22:15 UTC", timedelta(minutes=5)),
        ("NOW", "once, at once", None),
        ("rate(1 day)", "rate(1 day)", None),
    ],
)
def test_a_schedule_is_told_in_words_and_with_its_next_time(
    expression: str, words: str, ahead: timedelta | None
) -> None:
    assert in_words(expression) == words
    assert next_run(expression, AT) == (None if ahead is None else AT + ahead)


def decision(at: datetime, **details: str) -> DecisionView:
    return DecisionView(at, "drift", "started", "", dict(details))


def test_only_retrainings_by_the_system_itself_cool_down_and_count() -> None:
    guards = Guards(timedelta(hours=24), 4, 1000)
    own, by_hand = decision(AT - timedelta(hours=20), DataHash="x"), decision(AT - timedelta(hours=1))
    found = allowance(guards, [by_hand, own], AT)
    assert (found.cools_until, found.started) == (AT + timedelta(hours=4), 1)
    later = allowance(guards, [by_hand, own], AT + timedelta(hours=5))
    assert (later.cools_until, later.started) == (None, 0)


class Bucket:
    """S3 that counts how often it is asked."""

    target, home = "local", Path()

    def __init__(self, content: bytes):
        self.asked = 0
        self._content = content

    def client(self, _service: str) -> Bucket:
        return self

    def get_object(self, **_: str) -> dict[str, Any]:
        self.asked += 1
        return {"Body": io.BytesIO(self._content), "ContentLength": len(self._content)}


def test_what_never_changes_is_read_once_as_long_as_there_is_room() -> None:
    bucket = Bucket(b'{"a": 1}')
    documents, connection = FinalDocuments(most_bytes=20), cast(Connection, bucket)
    for _ in range(3):
        assert documents.read(connection, "s3://b/one") == {"a": 1}
    assert bucket.asked == 1
    for name in ("two", "three", "one"):
        documents.read(connection, f"s3://b/{name}")
    assert bucket.asked == 4


def test_what_is_no_json_is_a_failure_and_not_a_missing_thing() -> None:
    with pytest.raises(ClientFailure, match="is not JSON") as failed:
        FinalDocuments().read(cast(Connection, Bucket(b"<")), "s3://b/k")
    assert not isinstance(failed.value, NotFound)
