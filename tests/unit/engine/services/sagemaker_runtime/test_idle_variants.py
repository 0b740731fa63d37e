"""Variants without requests: told of once a minute, so that silence is a figure and not a gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Principal
from mlsystem.engine.dataplane.metrics import SAGEMAKER
from mlsystem.engine.dataplane.requests import Request
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.sagemaker_runtime.idle_variants import IdleVariants
from mlsystem.engine.store.clock import ManualClock


class Account:
    """Scalable targets, one a page, and endpoints with a count of instances."""

    def __init__(self, **instances: int):
        self.targets = [f"endpoint/{name}/variant/A" for name in [*instances, "deleted"]]
        self.instances = instances

    def __call__(
        self, service: str, operation: str, request: Mapping[str, Any], principal: Principal | None = None
    ) -> dict[str, Any]:
        if operation == "DescribeScalableTargets":
            at = int(request.get("NextToken", 0))
            more = {"NextToken": str(at + 1)} if at + 1 < len(self.targets) else {}
            return {"ScalableTargets": [{"ResourceId": self.targets[at]}], **more}
        if request["EndpointName"] not in self.instances:
            raise AwsError("ValidationException", "no such endpoint")
        count = self.instances[request["EndpointName"]]
        return {"ProductionVariants": [{"VariantName": "A", "CurrentInstanceCount": count}]}


def _request(endpoint: str) -> Request:
    return Request(0, ("endpoint", endpoint), ("endpoint", endpoint, "A"), 200, "via_upstream", 200, 1, 1)


def _told(idle: IdleVariants) -> set[tuple[str, str, float]]:
    data = idle.data().get(SAGEMAKER, [])
    return {(datum["MetricName"], datum["Dimensions"][0]["Value"], datum["Values"][0]) for datum in data}


def test_scaled_variants_in_service_that_had_no_request_have_a_zero_once_a_minute() -> None:
    clock = ManualClock(start=6000.0)
    idle = IdleVariants(Account(asked=2, idle=1, starting=0), clock)
    idle.saw([_request("asked")])
    assert _told(idle) == set()
    clock.advance(60)
    assert _told(idle) == {("Invocations", "idle", 0.0), ("InvocationsPerInstance", "idle", 0.0)}
    assert _told(idle) == set()
    clock.advance(60)
    assert {endpoint for _, endpoint, _ in _told(idle)} == {"asked", "idle"}


def test_a_minute_is_as_short_as_the_time_scale_makes_it_within_reason() -> None:
    assert IdleVariants(Account(), ManualClock(time_scale=60)).seconds == 1.0
    assert IdleVariants(Account(), ManualClock(time_scale=6000)).seconds == 0.5
