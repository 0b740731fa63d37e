"""Metrics: putting and listing them, and what other rooms and log messages tell of.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Mark, Paging
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.cloudwatch.embedded import embedded_data
from mlsystem.engine.services.cloudwatch.metric import Metric, read_datum
from mlsystem.engine.services.cloudwatch.points import known_metrics, summed_up, write_points
from mlsystem.engine.services.cloudwatch.resolution import age_metrics
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import ListMetricsInputTypeDef, PutMetricDataInputTypeDef

log = logging.getLogger(__name__)

PAGES = Paging(500)
MOST_DATA = 1000
# ListMetrics tells of metrics that had data in the last two weeks, or three hours.
LISTED_SECONDS = {None: 14 * 86400, "PT3H": 3 * 3600}


class Metrics(Part):
    """PutMetricData, ListMetrics, and the notices `metric.data` and `log.embedded_metrics`."""

    def __init__(self, house: House):
        self._house = house

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"metric.data": self._on_data, "log.embedded_metrics": self._on_embedded}

    def tidy(self, now: float) -> None:
        age_metrics(self._house.database, now)

    @operation("PutMetricData", accepts="Namespace MetricData")
    def put(self, request: PutMetricDataInputTypeDef, call: Call) -> Mapping[str, object]:
        namespace = request["Namespace"]
        if namespace.startswith("AWS/"):
            raise AwsError(
                "InvalidParameterValue",
                f"The value {namespace} for parameter Namespace is invalid: what begins with AWS/ is AWS's own.",
                status=400,
            )
        data = request.get("MetricData", ())
        if len(data) > MOST_DATA:
            raise AwsError(
                "InvalidParameterValue", f"{len(data)} metrics in one request; {MOST_DATA} are allowed.", status=400
            )
        write_points(call.tx, [read_datum(namespace, datum, call.now) for datum in data])
        return {}

    @operation("ListMetrics", accepts="Namespace MetricName Dimensions NextToken RecentlyActive")
    def list_metrics(self, request: ListMetricsInputTypeDef, call: Call) -> Mapping[str, object]:
        since = call.now - LISTED_SECONDS[request.get("RecentlyActive")]
        found = known_metrics(call.tx, since, request.get("Namespace"), request.get("MetricName"))
        filters = request.get("Dimensions", ())
        wanted = sorted((metric for metric in found if _has(metric, filters)), key=_mark)
        return PAGES.page(wanted, request, "Metrics", _mark, Metric.described)

    # ------------------------------------------------------------------ notices
    def _on_data(self, tx: Transaction, topic: str, data: Json) -> None:
        self._write(tx, data["namespace"], data["data"], data.get("idempotency_key"))

    def _on_embedded(self, tx: Transaction, topic: str, data: Json) -> None:
        # One that was on its way when the engine was upgraded has a single document.
        documents = data.get("documents") or [data["document"]]
        found: dict[str, list[dict[str, Any]]] = {}
        for document in documents:
            for namespace, told in embedded_data(document).items():
                found.setdefault(namespace, []).extend(told)
        for namespace, told in found.items():
            self._write(tx, namespace, told, None)

    def _write(self, tx: Transaction, namespace: str, data: Iterable[Json], key: str | None) -> None:
        """Nobody waits for an answer here: what is refused is written to the engine's log, and the rest is kept."""
        taken = []
        for datum in data:
            try:
                taken.append(read_datum(namespace, datum, tx.now))
            except AwsError as error:
                log.warning("a metric of %s was not taken: %s", namespace, error)
        write_points(tx, summed_up(taken), key)


def _has(metric: Metric, filters: Sequence[Mapping[str, Any]]) -> bool:
    """A filter without a value asks for the name alone."""
    values = dict(metric.dimensions)
    return all(one["Name"] in values and ("Value" not in one or values[one["Name"]] == one["Value"]) for one in filters)


def _mark(metric: Metric) -> Mark:
    return (metric.namespace, metric.name, metric.dimension_text)
