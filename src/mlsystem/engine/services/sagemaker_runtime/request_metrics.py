"""The metrics of endpoints and APIs, from the front door's request log to CloudWatch.

A sealed file is announced in one transaction and then removed; after a crash in between it is announced again, with the same keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlsystem.engine.contract import House, Part
from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.metrics import request_metrics
from mlsystem.engine.dataplane.requests import Request, served_requests
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.metric_data import Datum
from mlsystem.engine.durable.metric_notice import metric_notices
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.services.sagemaker_runtime.idle_variants import IdleVariants


class RequestMetrics(Part):
    """Follows the request log, and looks when a minute is over."""

    def __init__(self, house: House, plane: DataPlane):
        self._house = house
        self._spool = plane.requests
        self._idle = IdleVariants(house.call, house.clock)
        self._watch = self._spool.watch("request-metrics", self._ship, self._idle.seconds)

    def start(self) -> None:
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()

    def _ship(self) -> None:
        for path in self._spool.rotate():
            self._announce(path)
            race_point("sagemaker_runtime.metrics.announced")
            path.unlink()
        idle = self._idle.data()
        if idle:
            self._tell(f"idle/{self._house.clock.now()}", idle)

    def _announce(self, path: Path) -> None:
        requests = list(served_requests(path))
        self._idle.saw(requests)
        self._tell(path.name, request_metrics(requests, self._instance_counts(requests), self._api_names(requests)))

    def _tell(self, source: str, data: Mapping[str, list[Datum]]) -> None:
        """`source` is the same when the same is told again."""
        with self._house.database.transaction() as tx:
            for notice in metric_notices(data, source):
                self._house.worker.notify(tx, "sagemaker_runtime.requests", source, notice)

    def _instance_counts(self, requests: Iterable[Request]) -> dict[tuple[str, str], int]:
        """Instances in service by endpoint and variant."""
        counts: dict[tuple[str, str], int] = {}
        for name in sorted({request.route[1] for request in requests if request.route[0] == "endpoint"}):
            try:
                endpoint = self._house.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})
            except AwsError:
                continue  # it was deleted meanwhile
            variants = (*endpoint.get("ProductionVariants", ()), *endpoint.get("ShadowProductionVariants", ()))
            for variant in variants:
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
