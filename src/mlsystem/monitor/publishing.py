"""How metrics leave: always as a file, and on request to CloudWatch.

The file, in SageMaker's place for it, is read by the service when Model Monitor itself runs the schedule. Nobody reads
it after a plain processing job, which is what a new customer of AWS can have; so the program then calls PutMetricData.
Why not the embedded metric format: docs/monitor-format.md.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlsystem.monitor.errors import PublishingError
from mlsystem.monitor.output_files import write_file

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDatumTypeDef

METRICS_FILE = "cloudwatch_metrics.jsonl"
_DATA_A_CALL = 1000  # PutMetricData's limit; each datum is well below a thousandth of its 1 MB


class Publisher(Protocol):
    """Where metrics go."""

    def publish(self, namespace: str, data: "Sequence[MetricDatumTypeDef]") -> None:
        """Sends the metrics, or raises PublishingError."""


class MetricDataClient(Protocol):
    """As much of boto3's CloudWatch client as is needed here."""

    def put_metric_data(self, *, Namespace: str, MetricData: "Sequence[MetricDatumTypeDef]") -> object:
        """CloudWatch's PutMetricData."""


class CloudWatchPublisher:
    """Sends metrics by PutMetricData."""

    def __init__(self, client: MetricDataClient) -> None:
        self._client = client

    def publish(self, namespace: str, data: "Sequence[MetricDatumTypeDef]") -> None:
        """Sends the metrics, a thousand a call. Raises PublishingError: an alarm without data must not stay quiet."""
        from botocore.exceptions import BotoCoreError, ClientError

        remaining = iter(data)
        while some := list(islice(remaining, _DATA_A_CALL)):
            try:
                self._client.put_metric_data(Namespace=namespace, MetricData=some)
            except (BotoCoreError, ClientError) as error:
                raise PublishingError(
                    f"CloudWatch did not take the metrics of namespace {namespace}: {error}. The reports are written; "
                    "the role of this job needs cloudwatch:PutMetricData"
                ) from error


def cloudwatch_publisher() -> CloudWatchPublisher | None:
    """A publisher for the account and region of this process, or None where either is unknown."""
    import boto3

    session = boto3.Session()
    if session.region_name is None or session.get_credentials() is None:
        return None
    return CloudWatchPublisher(session.client("cloudwatch"))


def dimensions_of(endpoint: str | None, schedule: str | None) -> "list[DimensionTypeDef]":
    """The dimensions by which alarms and dashboards find the metrics; what is not known is left out."""
    named = {"Endpoint": endpoint, "MonitoringSchedule": schedule}
    return [{"Name": name, "Value": value} for name, value in named.items() if value]


def emit(data: "Sequence[MetricDatumTypeDef]", folder: Path, publisher: Publisher | None, namespace: str) -> None:
    """Writes the metrics file into the folder, and publishes. Raises OutputError, PublishingError."""
    write_file(folder / METRICS_FILE, metrics_lines(data))
    if publisher:
        publisher.publish(namespace, data)


def metrics_lines(data: "Iterable[MetricDatumTypeDef]") -> str:
    """The text of the metrics file: a datum a line, in the form that SageMaker documents for one's own containers."""
    return "".join(json.dumps(datum, default=_instant) + "\n" for datum in data)


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{value!r} has no place in a metric")
