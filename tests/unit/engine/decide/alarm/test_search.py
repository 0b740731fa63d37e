"""Which metrics a search expression means."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.alarm import Candidate, labels, read_search
from mlsystem.engine.decide.errors import AwsError

ENDPOINT = "AWS/SageMaker"
METRICS = {
    "invocations": Candidate(
        ENDPOINT, "Invocations", (("EndpointName", "mls-flights-1"), ("VariantName", "AllTraffic"))
    ),
    "latency": Candidate(ENDPOINT, "ModelLatency", (("EndpointName", "mls-flights-1"), ("VariantName", "AllTraffic"))),
    "other": Candidate(ENDPOINT, "ModelLatency", (("EndpointName", "mls-taxis-1"), ("VariantName", "AllTraffic"))),
    "drift": Candidate(
        "drift", "feature_baseline_drift_temp", (("Endpoint", "mls-flights-1"), ("MonitoringSchedule", "s"))
    ),
    "plain": Candidate("mls-flights", "EvidenceAgainstNewVersion", ()),
    "cpu": Candidate(
        "/aws/sagemaker/Endpoints", "CPUUtilization", (("EndpointName", "mls-flights-1"), ("VariantName", "A"))
    ),
}


def found(text: str) -> set[str]:
    search = read_search(text)
    return {name for name, metric in METRICS.items() if search.finds(metric)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{AWS/SageMaker,EndpointName,VariantName}", {"invocations", "latency", "other"}),
        ("{AWS/SageMaker,EndpointName}", set()),
        ("{AWS/SageMaker}", {"invocations", "latency", "other"}),
        ("{mls-flights}", {"plain"}),
        ('{AWS/SageMaker, VariantName, EndpointName} MetricName="ModelLatency"', {"latency", "other"}),
        ('{AWS/SageMaker,EndpointName,VariantName} MetricName="modellatency"', set()),
        ("latency", {"latency", "other"}),
        ("LATENCY flights", {"latency"}),
        ("latency AND NOT flights", {"other"}),
        ("late", set()),
        ("model OR evidence", {"latency", "other", "plain"}),
        ("sagemaker (invocations OR latency) NOT taxis", {"invocations", "latency"}),
        ("feature_baseline_drift", {"drift"}),
        ("baseline_feature", set()),
        ('{drift,Endpoint,MonitoringSchedule} feature_baseline_drift Endpoint="mls-flights-1"', {"drift"}),
        ('EndpointName=("mls-taxis-1" OR "nobody")', {"other"}),
        ("EndpointName=flights Model", {"latency"}),
        ("Namespace=sagemaker cpu", {"cpu"}),
        ('{"/aws/sagemaker/Endpoints",EndpointName,VariantName}', {"cpu"}),
        ("new version", {"plain"}),
        ('{AWS/SageMaker,EndpointName,VariantName}, "Invocations"', {"invocations"}),
        ("EndpointName=mls-flights EndpointName=1", {"invocations", "latency", "cpu"}),
    ],
)
def test_what_is_found(text: str, names: set[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "neither a schema nor a term"),
        ("{AWS/SageMaker", "closing bracket is missing"),
        ("(latency", "closing bracket is missing"),
        ("latency OR", "ends too early"),
        ("AND latency", "'AND' was not expected"),
        ('MetricName="open', "cannot read"),
        ("latency )", "was not expected"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(AwsError, match=complaint) as refusal:
        read_search(text)
    assert refusal.value.code == "ValidationError"


def test_labels_tell_apart_what_was_found() -> None:
    assert labels([METRICS["latency"]]) == ["ModelLatency"]
    assert labels([METRICS["latency"], METRICS["other"]]) == ["mls-flights-1", "mls-taxis-1"]
    assert labels([METRICS["latency"], METRICS["invocations"]]) == ["ModelLatency", "Invocations"]
    assert labels([]) == []
