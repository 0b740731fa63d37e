"""A deployment keeps the count that the load has scaled the old endpoint to."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from check import CheckError, Clock
from scaled_count import WAIT_SECONDS, keep_scaled_count

OLD, NEW = "mls-flights-1-prd", "mls-flights-2-prd"
VARIABLES = {"FUNCTION_NAME": "mls-demo-api", "ENDPOINT_NAME": NEW, "MAX_INSTANCES": "10"}


class Stage:
    """Two endpoints and the function's versions; an update of the new one takes a minute, or never ends, or fails."""

    def __init__(self, old: int = 5, new: int = 2, **known: Any) -> None:
        self.counts = {OLD: (old, old), NEW: (new, new)}
        self.variables: dict[str, str] = known.get("variables", {"ENDPOINT_NAME": OLD})
        self.fails: bool = known.get("fails", False)
        self.seconds, self.takes = 0.0, float(known.get("takes", 60))
        self.busy_until = float(known.get("busy", 0))
        self.wanted: list[int] = []

    def get_alias(self, FunctionName: str, Name: str) -> dict[str, Any]:
        assert (FunctionName, Name) == ("mls-demo-api", "live")
        return {"FunctionVersion": "6"}

    def get_function_configuration(self, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        assert Qualifier == "6"
        return {"Environment": {"Variables": self.variables}} if self.variables else {}

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName not in self.counts:
            message = f'Could not find endpoint "{EndpointName}".'
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DescribeEndpoint")
        if EndpointName == NEW and self.seconds < self.busy_until:
            return {"EndpointStatus": "Updating", **self._variants(*self.counts[NEW])}
        if EndpointName == NEW and self.wanted and not self.fails:
            self.counts[NEW] = (self.wanted[-1], self.wanted[-1])
        reason = {"FailureReason": "no capacity"} if self.fails and self.wanted else {}
        return {"EndpointStatus": "InService", **reason, **self._variants(*self.counts[EndpointName])}

    def _variants(self, current: int, desired: int) -> dict[str, Any]:
        counts = {"CurrentInstanceCount": current, "DesiredInstanceCount": desired}
        return {"ProductionVariants": [{"VariantName": "AllTraffic", **counts}]}

    def update_endpoint_weights_and_capacities(
        self, EndpointName: str, DesiredWeightsAndCapacities: list[dict[str, Any]]
    ) -> None:
        assert EndpointName == NEW
        assert self.seconds >= self.busy_until, "SageMaker refuses a change of an endpoint that is being changed"
        ((name, count),) = [(one["VariantName"], one["DesiredInstanceCount"]) for one in DesiredWeightsAndCapacities]
        assert name == "AllTraffic"
        self.wanted.append(count)
        self.busy_until = self.seconds + self.takes

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def keep(stage: Stage, **changes: str) -> list[int]:
    client: Any = stage
    keep_scaled_count(client, client, {**VARIABLES, **changes}, Clock(lambda: stage.seconds, stage.sleep))
    return stage.wanted


def test_the_new_endpoint_gets_as_many_as_the_old_one_has_and_is_waited_for() -> None:
    stage = Stage(old=5, new=2)
    assert keep(stage) == [5]
    assert stage.counts[NEW] == (5, 5)
    assert 60 <= stage.seconds < 75


def test_it_is_never_lowered() -> None:
    assert keep(Stage(old=2, new=5)) == []
    assert keep(Stage(old=2, new=2)) == []


def test_it_is_not_raised_above_what_its_target_allows() -> None:
    assert keep(Stage(old=9, new=2), MAX_INSTANCES="4") == [4]
    assert keep(Stage(old=9, new=4), MAX_INSTANCES="4") == []


def test_an_old_endpoint_on_its_way_to_more_counts_as_there_and_one_on_its_way_to_fewer_as_it_is() -> None:
    stage = Stage()
    stage.counts[OLD] = (3, 6)
    assert keep(stage) == [6]
    stage = Stage()
    stage.counts[OLD] = (6, 3)
    assert keep(stage) == [6]


def test_a_change_that_is_in_progress_is_waited_for_first() -> None:
    stage = Stage(busy=30)
    assert keep(stage) == [5]
    assert stage.seconds >= 90


@pytest.mark.parametrize("variables", [{}, {"OTHER": "x"}, {"ENDPOINT_NAME": NEW}])
def test_without_another_endpoint_before_it_there_is_nothing_to_keep(variables: dict[str, str]) -> None:
    assert keep(Stage(variables=variables)) == []


def test_an_old_endpoint_that_is_gone_has_no_count_to_keep() -> None:
    assert keep(Stage(variables={"ENDPOINT_NAME": "mls-flights-0-prd"})) == []


def test_instances_that_do_not_come_fail_the_deployment_with_the_reason() -> None:
    with pytest.raises(
        CheckError, match=rf"{NEW} is InService with 2 instances, and not with 5 as {OLD} is no capacity"
    ):
        keep(Stage(fails=True))
    stage = Stage(takes=10 * WAIT_SECONDS)
    with pytest.raises(CheckError, match=f"{NEW} is still Updating after 720 s"):
        keep(stage)
    assert stage.seconds < WAIT_SECONDS + 20
