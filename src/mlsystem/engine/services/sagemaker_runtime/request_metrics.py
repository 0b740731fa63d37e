"""The metrics of endpoints and APIs, from the front door's request log to CloudWatch.

They are announced as `metric.data` notices (`namespace`, `data` in the shape of PutMetricData with time stamps in seconds,
`idempotency_key`), because PutMetricData refuses AWS's own namespaces. A sealed file is announced in one transaction and then removed;
after a crash in between it is announced again, with the same keys.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import watchfiles

from mlsystem.engine.contract import House, Part
from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.metrics import SAGEMAKER, metric_data
from mlsystem.engine.dataplane.requests import Request, served_requests
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.services.sagemaker_runtime.idle_variants import IdleVariants

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef

log = logging.getLogger(__name__)

TOPIC = "metric.data"
# PutMetricData takes this many.
DATUMS_A_NOTICE = 1000
BATCH_MILLISECONDS = 2000
QUIET_MILLISECONDS = 400
RETRY_MILLISECONDS = 30_000


class RequestMetrics(Part):
    """Waits for the kernel to tell that the request log has grown, or for a minute to be over."""

    def __init__(self, house: House, plane: DataPlane):
        self._house = house
        self._spool = plane.requests
        self._idle = IdleVariants(house.call, house.clock)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._spool.live.parent.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._follow, name="request-metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        live = str(self._spool.live)
        self._try()
        changes = watchfiles.watch(
            self._spool.live.parent,
            watch_filter=lambda _, path: path == live,
            debounce=BATCH_MILLISECONDS,
            step=QUIET_MILLISECONDS,
            rust_timeout=min(RETRY_MILLISECONDS, int(self._idle.seconds * 1000)),
            yield_on_timeout=True,
            stop_event=self._stop,
        )
        for _ in changes:
            self._try()

    def _try(self) -> None:
        try:
            for path in self._spool.rotate():
                self._announce(path)
                race_point("sagemaker_runtime.metrics.announced")
                path.unlink()
            self._announce_idle()
        except Exception:  # the supervisor: what is sealed is announced with the next batch
            log.exception("the metrics of requests were not announced")

    def _announce(self, path: Path) -> None:
        requests = list(served_requests(path))
        self._idle.saw(requests)
        self._tell(path.name, metric_data(requests, self._instance_counts(requests), self._api_names(requests)))

    def _announce_idle(self) -> None:
        data = self._idle.data()
        if data:
            self._tell(f"idle/{data[0]['Timestamp']}", {SAGEMAKER: data})

    def _tell(self, source: str, data: Mapping[str, list[MetricDatumTypeDef]]) -> None:
        """`source` is the same when the same is told again."""
        with self._house.database.transaction() as tx:
            for namespace, datums in data.items():
                for start in range(0, len(datums), DATUMS_A_NOTICE):
                    told = {
                        "namespace": namespace,
                        "data": [_as_json(datum) for datum in datums[start : start + DATUMS_A_NOTICE]],
                        "idempotency_key": f"{source}/{namespace}/{start}",
                    }
                    self._house.worker.notify(tx, "sagemaker_runtime.requests", source, Notice(TOPIC, told))

    def _instance_counts(self, requests: Iterable[Request]) -> dict[tuple[str, str], int]:
        """Instances in service by endpoint and variant."""
        counts: dict[tuple[str, str], int] = {}
        for name in sorted({request.route[1] for request in requests if request.route[0] == "endpoint"}):
            try:
                endpoint = self._house.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})
            except AwsError:
                continue  # it was deleted meanwhile
            for variant in endpoint.get("ProductionVariants", ()):
                counts[(name, variant["VariantName"])] = variant["CurrentInstanceCount"]
        return counts

    def _api_names(self, requests: Iterable[Request]) -> dict[str, str]:
        names: dict[str, str] = {}
        for api_id in sorted({request.route[1] for request in requests if request.route[0] == "api"}):
            try:
                names[api_id] = self._house.call("apigateway", "GetRestApi", {"restApiId": api_id})["name"]
            except AwsError:
                continue  # it was deleted meanwhile: the id stands in
        return names


def _as_json(datum: MetricDatumTypeDef) -> dict[str, Any]:
    given: dict[str, Any] = dict(datum)
    return {**given, "Timestamp": given["Timestamp"].timestamp()}
