"""Captured invocations that never reach S3, counted in CloudWatch: in a namespace of the engine's, as SageMaker has no such metric."""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.contract import House
from mlsystem.engine.decide.metric_data import Series, metric_data
from mlsystem.engine.durable.metric_notice import metric_notices

NAMESPACE = "MLSystem/Endpoints"
METRIC = "CapturesDropped"
OWNER = "sagemaker.captured"


class CaptureLosses:
    """Tells of them."""

    def __init__(self, house: House):
        self._house = house

    def tell(self, source: str, lost: Mapping[tuple[str, str], int]) -> None:
        """Invocations by endpoint and variant; `source` is the same when the same are told again."""
        second = int(self._house.clock.now())
        data = metric_data(
            (
                Series(NAMESPACE, METRIC, "Count", (("EndpointName", name), ("VariantName", variant)), second),
                float(count),
            )
            for (name, variant), count in lost.items()
        )
        with self._house.database.transaction() as tx:
            for notice in metric_notices(data, f"captured/{source}"):
                self._house.worker.notify(tx, OWNER, source, notice)
