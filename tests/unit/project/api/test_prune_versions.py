"""What older runs left goes, but for the newest few and whatever an alias leads to; and nothing when that is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from check import CheckError, Clock
from prune_versions import Clients, prune

START = datetime(2026, 11, 24, 10, tzinfo=UTC)
RUNS_URI = "s3://artifacts/mls-demo/runs/"
FUNCTION = "mls-demo-api"


def error(code: str, message: str, operation: str = "Delete") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class System:
    """A production stage in memory, in the place of all its clients. `runs` are numbers, the newest the highest."""

    def __init__(self, *runs: int) -> None:
        self.models = {name(run): f"{RUNS_URI}mls-flights-{run}/output/model.tar.gz" for run in runs}
        self.created = {name(run): START + timedelta(hours=run) for run in runs}
        self.endpoints, self.configs = set(self.models), set(self.models)
        self.schedules: dict[str, int] = {}  # and how often they are still seen once deleted
        self.targets: set[str] = set()
        self.versions = {str(run): name(run) for run in runs}
        self.aliases: list[dict[str, Any]] = [{"Name": "live", "FunctionVersion": str(max(runs))}]
        self.seconds = 0.0
        self.deleted: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    # Lambda
    def get_function_configuration(self, FunctionName: str, Qualifier: str) -> dict[str, Any]:
        assert FunctionName == FUNCTION
        endpoint = self.versions[Qualifier]
        return {"Environment": {"Variables": {"ENDPOINT_NAME": endpoint} if endpoint else {}}}

    def list_aliases(self, FunctionName: str) -> dict[str, Any]:
        assert FunctionName == FUNCTION
        return {"Aliases": self.aliases}

    # SageMaker
    def list_models(self, NameContains: str, SortBy: str, SortOrder: str) -> dict[str, Any]:
        assert (SortBy, SortOrder) == ("CreationTime", "Descending")
        names = sorted((one for one in self.models if NameContains in one), key=lambda one: self.created[one])
        return {"Models": [{"ModelName": one, "CreationTime": self.created[one]} for one in reversed(names)]}

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        return {"PrimaryContainer": {"ModelDataUrl": self.models[ModelName]}}

    def delete_monitoring_schedule(self, MonitoringScheduleName: str) -> None:
        if MonitoringScheduleName not in self.schedules:
            raise error("ResourceNotFound", "there is no such schedule")
        self.deleted.append(f"schedule {MonitoringScheduleName}")

    def describe_monitoring_schedule(self, MonitoringScheduleName: str) -> dict[str, Any]:
        if not self.schedules.get(MonitoringScheduleName):
            raise error("ResourceNotFound", "there is no such schedule")
        self.schedules[MonitoringScheduleName] -= 1
        return {}

    def delete_endpoint(self, EndpointName: str) -> None:
        assert not self.schedules.get(EndpointName), "an endpoint that is monitored cannot be deleted"
        self._delete("endpoint", self.endpoints, EndpointName)

    def delete_endpoint_config(self, EndpointConfigName: str) -> None:
        self._delete("endpoint configuration", self.configs, EndpointConfigName)

    def delete_model(self, ModelName: str) -> None:
        self._delete("model", self.models, ModelName)

    def _delete(self, kind: str, known: Any, which: str) -> None:
        if which not in known:
            raise error("ValidationException", f'Could not find {kind} "{which}".')
        known.pop(which) if isinstance(known, dict) else known.remove(which)
        self.deleted.append(f"{kind} {which}")

    # Application Auto Scaling
    def deregister_scalable_target(self, ServiceNamespace: str, ResourceId: str, ScalableDimension: str) -> None:
        if ResourceId not in self.targets:
            raise error("ObjectNotFoundException", "no scalable target found")
        self.targets.remove(ResourceId)
        self.deleted.append(f"target {ResourceId}")

    def get_paginator(self, operation: str) -> Any:
        system = self

        class Pages:
            def paginate(self, **request: str) -> list[dict[str, Any]]:
                return [getattr(system, operation)(**request)]

        return Pages()


def name(run: int) -> str:
    return f"mls-flights-{run}-prd"


def act(system: System, current: int | str, retained: int = 1) -> str:
    client: Any = system
    variables = {
        "FUNCTION_NAME": FUNCTION,
        "ENDPOINT_NAME": current if isinstance(current, str) else name(current),
        "RUN_PREFIX": "mls-flights",
        "RUNS_URI": RUNS_URI,
        "RETAINED_VERSIONS": str(retained),
    }
    return prune(Clients(client, client, client), variables, Clock(lambda: system.seconds, system.sleep))


def test_all_but_the_newest_retained_go_and_it_says_so() -> None:
    system = System(1, 2, 3, 4)
    assert act(system, current=4) == f"removed: {name(2)}, {name(1)}; kept: {name(4)}, {name(3)}"
    assert system.endpoints == system.configs == set(system.models) == {name(3), name(4)}


@pytest.mark.parametrize(("retained", "left"), [(0, {4}), (2, {2, 3, 4}), (9, {1, 2, 3, 4})])
def test_as_many_stay_as_the_setting_says(retained: int, left: set[int]) -> None:
    system = System(1, 2, 3, 4)
    act(system, current=4, retained=retained)
    assert system.endpoints == {name(run) for run in left}


def test_what_refers_to_the_rest_goes_first_and_the_model_last() -> None:
    system = System(1, 2)
    system.schedules = {name(1): 2}
    system.targets = {f"endpoint/{name(1)}/variant/AllTraffic"}
    act(system, current=2, retained=0)
    assert system.deleted == [
        f"schedule {name(1)}",
        f"target endpoint/{name(1)}/variant/AllTraffic",
        f"endpoint {name(1)}",
        f"endpoint configuration {name(1)}",
        f"model {name(1)}",
    ]
    assert system.seconds == 10, "until the schedule had gone"


def test_a_version_that_was_left_half_deleted_is_finished() -> None:
    system = System(1, 2)
    system.endpoints.remove(name(1))
    system.configs.remove(name(1))
    assert f"removed: {name(1)};" in act(system, current=2, retained=0)
    assert set(system.models) == {name(2)}


def test_doing_it_again_does_nothing() -> None:
    system = System(1, 2, 3)
    act(system, current=3)
    done = list(system.deleted)
    assert act(system, current=3) == f"removed: none; kept: {name(3)}, {name(2)}"
    assert system.deleted == done


@pytest.mark.parametrize(
    "alias",
    [
        {"FunctionVersion": "1"},
        {"FunctionVersion": "4", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1}}},
    ],
)
def test_what_an_alias_leads_to_is_never_removed(alias: dict[str, Any]) -> None:
    system = System(1, 2, 3, 4)
    system.aliases.append({"Name": "other", **alias})
    act(system, current=4, retained=0)
    assert system.endpoints == {name(1), name(4)}


def test_a_version_with_a_weight_of_nothing_is_led_to_by_nobody() -> None:
    system = System(1, 2)
    system.aliases[0]["RoutingConfig"] = {"AdditionalVersionWeights": {"1": 0.0}}
    act(system, current=2, retained=0)
    assert system.endpoints == {name(2)}


def test_a_later_run_is_none_of_its_business() -> None:
    system = System(1, 2, 3)
    system.aliases[0]["FunctionVersion"] = "2"
    act(system, current=2, retained=0)
    assert system.endpoints == {name(2), name(3)}


def go_back(system: System, run: int, current: str) -> None:
    """The stage went back to a run, as a release with a name of its own: it is the newest, and serves."""
    system.models[current] = f"{RUNS_URI}mls-flights-{run}/output/model.tar.gz"
    system.created[current] = max(system.created.values()) + timedelta(hours=1)
    system.endpoints.add(current)
    system.configs.add(current)
    system.versions["9"] = current
    system.aliases[0]["FunctionVersion"] = "9"


def test_a_stage_that_went_back_keeps_what_was_before_that_run_and_nothing_that_it_went_back_from() -> None:
    system = System(1, 2, 3)
    back = "mls-flights-2-r2-prd"
    go_back(system, 2, back)
    told = act(system, back)
    assert told == f"removed: {name(3)}, {name(2)}; kept: {back}, {name(1)}"
    assert system.endpoints == set(system.models) == {back, name(1)}


def test_the_next_run_keeps_what_the_stage_went_back_to() -> None:
    system = System(1, 2, 3)
    go_back(system, 2, "mls-flights-2-r2-prd")
    system.models[name(5)] = f"{RUNS_URI}mls-flights-5/output/model.tar.gz"
    system.created[name(5)] = max(system.created.values()) + timedelta(hours=1)
    system.versions["5"], system.aliases[0]["FunctionVersion"] = name(5), "5"
    act(system, 5)
    assert set(system.models) == {name(5), "mls-flights-2-r2-prd"}


def test_what_another_pipeline_has_made_under_such_a_name_stays() -> None:
    system = System(1, 2)
    others = {
        name(1): "s3://artifacts/mls-other/runs/mls-flights-1/output/model.tar.gz",
        "mls-flights-0-dev": f"{RUNS_URI}mls-flights-0/output/model.tar.gz",
        "mls-flights-0-r2-prd": f"{RUNS_URI}other-0/output/model.tar.gz",
        "x-mls-flights-0-prd": f"{RUNS_URI}x-mls-flights-0/output/model.tar.gz",
    }
    system.models |= others
    system.created |= dict.fromkeys(others, START)
    act(system, current=2, retained=0)
    assert set(system.models) == {*others, name(2)} and name(1) in system.endpoints


def test_nothing_is_removed_when_it_cannot_be_told_what_is_in_use() -> None:
    without_alias, without_endpoint, without_model = System(1, 2), System(1, 2), System(1, 2)
    without_alias.aliases = []
    without_endpoint.versions["2"] = ""
    for system, reason in ((without_alias, "has no alias"), (without_endpoint, "does not say which endpoint")):
        with pytest.raises(CheckError, match=reason):
            act(system, current=2, retained=0)
        assert system.deleted == []
    with pytest.raises(CheckError, match="the model of endpoint mls-flights-3-prd is not among"):
        act(without_model, current=3, retained=0)
    assert without_model.deleted == []


def test_a_refusal_is_no_absence() -> None:
    system = System(1, 2)

    def refuse(EndpointName: str) -> None:
        raise error("ValidationException", "Cannot update in-progress endpoint")

    system.delete_endpoint = refuse  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="in-progress"):
        act(system, current=2, retained=0)
    assert name(1) in system.models, "so that the next run finds it"


def test_a_schedule_that_does_not_go_is_not_waited_for_for_ever() -> None:
    system = System(1, 2)
    system.schedules = {name(1): 1000}
    with pytest.raises(CheckError, match="was not deleted within 300 s"):
        act(system, current=2, retained=0)
    assert name(1) in system.endpoints
