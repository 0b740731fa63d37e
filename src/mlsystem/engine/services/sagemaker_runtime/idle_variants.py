"""Variants that nobody asks: SageMaker tells of them too, with 0 a minute, so that they can be scaled in.

An alarm without data would stay what it is, and an endpoint that nobody asks any more would keep all its instances. Only variants that
may be scaled are told of; for the others a 0 would be of use to nobody.
https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-edit.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlsystem.engine.contract import Caller
from mlsystem.engine.dataplane.metrics import idle_data
from mlsystem.engine.dataplane.requests import Request
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.metric_data import Datum
from mlsystem.engine.store.clock import Clock

MINUTE = 60.0
# However fast time goes, this costs no more; alarms look no more often either.
SHORTEST_SECONDS = 0.5


class IdleVariants:
    """`saw` the requests of a minute, then `data` tells of the variants that had none, once a minute."""

    def __init__(self, call: Caller, clock: Clock):
        self._call = call
        self._clock = clock
        self.seconds = max(MINUTE / clock.time_scale, SHORTEST_SECONDS)
        self._minute = self._current()
        self._asked: set[tuple[str, str]] = set()

    def saw(self, requests: Iterable[Request]) -> None:
        targets = [request.target for request in requests if request.target is not None]
        self._asked |= {(target[1], target[2]) for target in targets if target[0] == "endpoint"}

    def data(self) -> dict[str, list[Datum]]:
        """By namespace; empty while the minute lasts. A request that is logged late has a 0 beside it, which changes no sum."""
        minute = self._current()
        if minute == self._minute:
            return {}
        asked, self._asked, self._minute = self._asked, set(), minute
        idle = [variant for variant in self._scaled() if variant not in asked and self._is_in_service(*variant)]
        return idle_data(idle, int(self._clock.now()))

    def _current(self) -> int:
        return int(self._clock.now() / self.seconds)

    def _scaled(self) -> Iterator[tuple[str, str]]:
        request: dict[str, str] = {"ServiceNamespace": "sagemaker"}
        while True:
            page = self._call("application-autoscaling", "DescribeScalableTargets", request)
            for target in page["ScalableTargets"]:
                _, endpoint, _, variant = target["ResourceId"].split("/")
                yield endpoint, variant
            if "NextToken" not in page:
                return
            request["NextToken"] = page["NextToken"]

    def _is_in_service(self, endpoint: str, variant: str) -> bool:
        try:
            found = self._call("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
        except AwsError:
            return False  # it was deleted
        counts = {one["VariantName"]: one["CurrentInstanceCount"] for one in found.get("ProductionVariants", ())}
        return int(counts.get(variant, 0)) > 0
