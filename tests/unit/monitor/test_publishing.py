"""Metrics on their way out: the file's lines, and PutMetricData's limits and failures."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from mlsystem.monitor.errors import PublishingError
from mlsystem.monitor.publishing import CloudWatchPublisher, metrics_lines

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef

NOW = datetime(2026, 11, 24, 2, 30, 15, 999, tzinfo=UTC)


class RecordingClient:
    """Stands for CloudWatch: remembers what it is given, or refuses."""

    def __init__(self, refusal: ClientError | None = None) -> None:
        self.calls: list[tuple[str, int]] = []
        self._refusal = refusal

    def put_metric_data(self, *, Namespace: str, MetricData: "Sequence[MetricDatumTypeDef]") -> object:
        if self._refusal:
            raise self._refusal
        self.calls.append((Namespace, len(MetricData)))
        return {}


def data(count: int) -> "list[MetricDatumTypeDef]":
    return [
        {"MetricName": f"feature_non_null_{i}", "Value": 1.0, "Dimensions": [], "Timestamp": NOW} for i in range(count)
    ]


def test_the_file_holds_a_datum_a_line_as_sagemaker_documents_it() -> None:
    datum: MetricDatumTypeDef = {
        "MetricName": "feature_data_a",
        "StatisticValues": {"SampleCount": 2.0, "Sum": 3.0, "Minimum": 1.0, "Maximum": 2.0},
        "Dimensions": [{"Name": "Endpoint", "Value": "e"}],
        "Timestamp": NOW,
    }
    first, second = (json.loads(line) for line in metrics_lines([datum, *data(1)]).splitlines())
    assert first == {**datum, "Timestamp": "2026-11-24T02:30:15Z"}
    assert second["MetricName"] == "feature_non_null_0"


def test_a_call_takes_at_most_a_thousand_metrics() -> None:
    client = RecordingClient()
    CloudWatchPublisher(client).publish("aws/sagemaker/Endpoints/data-metrics", data(2500))
    assert client.calls == [("aws/sagemaker/Endpoints/data-metrics", size) for size in (1000, 1000, 500)]


def test_what_is_sent_is_a_valid_request_to_cloudwatch() -> None:
    client = boto3.client("cloudwatch", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:  # checks the request against botocore's model
        stubber.add_response("put_metric_data", {})
        CloudWatchPublisher(client).publish("aws/sagemaker/Endpoints/data-metrics", data(3))
        stubber.assert_no_pending_responses()


def test_a_refusal_is_an_error_that_says_what_is_needed() -> None:
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutMetricData")
    with pytest.raises(PublishingError, match=r"AccessDenied.*cloudwatch:PutMetricData"):
        CloudWatchPublisher(RecordingClient(refusal)).publish("n", data(1))
