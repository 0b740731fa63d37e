"""The message of drift names what has drifted, and can always be sent."""

from typing import Any

from drift_message import drift_message

LINK = "https://artifacts.s3.amazonaws.com/report.html?signed"


def result(*drifted: tuple[str, float]) -> dict[str, Any]:
    features = [{"feature": name, "distance": distance, "threshold": 0.2} for name, distance in drifted]
    uri = "s3://artifacts/mls-demo/monitoring/mls-flights-1-prd/mls-flights-1-prd/2026/11/24/10"
    return {
        "MonitoringSchedule": "mls-flights-1-prd",
        "ReportUri": uri,
        "Since": "2026-11-24T07:00:00Z",
        "Until": "2026-11-24T10:00:00Z",
        "DriftedFeatures": features,
        "UnknownFeatures": [],
    }


def test_it_names_each_feature_its_distance_and_what_is_allowed() -> None:
    subject, text = drift_message("mls-demo", result(("temp", 0.98), ("carrier", 0.31)), LINK)
    assert subject == "mls-demo: drift of temp, carrier"
    assert "- temp: distance 0.98, allowed 0.2\n- carrier: distance 0.31, allowed 0.2\n" in text
    assert "Since: 2026-11-24T07:00:00Z, at least; seen last in the requests until 2026-11-24T10:00:00Z\n" in text
    assert "Monitoring schedule: mls-flights-1-prd\nReport: s3://artifacts/" in text
    assert f"/2026/11/24/10/report.html\nTo open it, within some hours: {LINK}\n" in text


def test_it_names_features_of_which_nobody_can_tell() -> None:
    found = {**result(("temp", 0.98)), "UnknownFeatures": [{"feature": "gust", "reason": "every value is missing"}]}
    _, text = drift_message("mls-demo", found, LINK)
    assert "allowed 0.2\n\nOf others nobody can tell:\n- gust: every value is missing\n\nSince" in text
    assert "nobody can tell" not in drift_message("mls-demo", result(("temp", 0.98)), LINK)[1]


def test_the_subject_is_one_that_sns_takes_whatever_the_features_are_called() -> None:
    subject, text = drift_message("mls-demo", result(("größe", 0.3), ("a\nb", 0.3), ("x" * 200, 0.3)), LINK)
    assert subject.startswith("mls-demo: drift of gr??e, a?b, xxx")
    assert subject.endswith("...")
    assert (len(subject), subject.isascii(), subject.isprintable()) == (99, True, True)
    assert "größe" in text
