"""Deployment guardrails of endpoints under steady load: every strategy keeps its plan, loses nothing, and an alarm takes it back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.alarms import ToldAlarm
from tests.intervals import is_plausible_share
from tests.live import LiveEngine, eventually
from tests.rollouts import SETTLE_SECONDS
from tests.serving import Serving, SteadyLoad

COUNT = 4
SECONDS = 60  # of a bake; the engine's time runs twenty times as fast
ALARM = "slow"


def _half(kind: str) -> dict[str, Any]:
    return {"Type": kind, "Value": {"CAPACITY_PERCENT": 50, "INSTANCE_COUNT": 2}[kind]}


def _blue_green(kind: str, **members: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": SECONDS, **members}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": SECONDS}}


CANARY = _blue_green("CANARY", CanarySize={"Type": "CAPACITY_PERCENT", "Value": 25})
ROLLING = {"RollingUpdatePolicy": {"MaximumBatchSize": _half("INSTANCE_COUNT"), "WaitIntervalInSeconds": SECONDS}}
# With the shares of the traffic that the new fleet has in its steps.
STRATEGIES = {
    "all at once": (_blue_green("ALL_AT_ONCE"), [1.0]),
    "canary": (CANARY, [0.25, 1.0]),
    "linear": (_blue_green("LINEAR", LinearStepSize=_half("CAPACITY_PERCENT")), [0.5, 1.0]),
    "rolling": (ROLLING, [0.5, 1.0]),
}


class Watch:
    """Follows an update: in which stretches of time a step was baked, and what was told of it last."""

    def __init__(self, serving: Serving, name: str):
        self._serving = serving
        self._name = name
        self.bakes: dict[str, list[float]] = {}
        self.statuses: list[str] = []

    def is_over(self) -> bool:
        at = time.monotonic()
        found = self._serving.sagemaker.describe_endpoint(EndpointName=self._name)
        self.statuses.append(found["EndpointStatus"])
        for variant in found.get("PendingDeploymentSummary", {}).get("ProductionVariants", ()):
            [status] = variant["VariantStatus"]
            if status["Status"] == "Baking":
                self.bakes.setdefault(status["StatusMessage"], []).append(at)
        return found["EndpointStatus"] == "InService" and len(set(self.statuses)) > 1

    def counted(self, load: SteadyLoad) -> list[Counter[str]]:
        """The answers to what was sent in each bake, by version, from when every thread of Envoy has its weights."""
        return [load.counted(times[0] + SETTLE_SECONDS, times[-1]) for times in self.bakes.values()]


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    live = LiveEngine(tmp_path_factory.mktemp("guarded"), time_scale=20)
    live.start()
    yield Serving(live)
    live.stop()


@pytest.fixture(scope="module")
def configs(serving: Serving) -> dict[str, str]:
    """Of four instances each, by the version that they answer with."""
    return {version: serving.simple_config(version, count=COUNT) for version in ("1", "2")}


@pytest.fixture
def alarm(serving: Serving) -> Iterator[Callable[[str], None]]:
    told = ToldAlarm(serving.engine, ALARM)
    yield told.say
    told.delete()


def _update(serving: Serving, name: str, config: str, deployment: dict[str, Any]) -> None:
    serving.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, DeploymentConfig=deployment)


@pytest.fixture(scope="module")
def name(serving: Serving, configs: dict[str, str]) -> str:
    """The endpoint that every test updates from the version that it has to the other one."""
    return serving.endpoint(configs["1"])


def _versions(serving: Serving, name: str) -> tuple[str, str]:
    """What it answers with now, and the other one."""
    old = serving.invoke(name).split(",")[1]
    return old, {"1": "2", "2": "1"}[old]


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_every_strategy_keeps_its_shares_and_loses_no_request(
    serving: Serving, configs: dict[str, str], name: str, strategy: str
) -> None:
    deployment, shares = STRATEGIES[strategy]
    _, new = _versions(serving, name)
    watch = Watch(serving, name)
    with SteadyLoad.on_endpoint(serving.engine, name) as load:
        _update(serving, name, configs[new], deployment)
        eventually(watch.is_over, timeout=90)
        done = time.monotonic()
        eventually(lambda: load.answers[-1][0] > done)
    assert load.failures == []
    counts = watch.counted(load)
    assert len(counts) == len(shares)
    for count, share in zip(counts, shares, strict=True):
        assert is_plausible_share(count[new], count.total(), share), (count, share)
    assert load.answers[-1][1] == new
    eventually(lambda: len(serving.processes(name)) == COUNT)
    found = serving.sagemaker.describe_endpoint(EndpointName=name)
    assert (found["EndpointConfigName"], found["LastDeploymentConfig"]) == (configs[new], deployment)
    assert "FailureReason" not in found


@pytest.mark.parametrize("strategy", ["canary", "rolling"])
def test_an_alarm_takes_the_update_back_without_a_failed_request(
    serving: Serving, configs: dict[str, str], name: str, strategy: str, alarm: Callable[[str], None]
) -> None:
    guarded = {**STRATEGIES[strategy][0], "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]}}
    old, new = _versions(serving, name)
    watch = Watch(serving, name)
    with SteadyLoad.on_endpoint(serving.engine, name) as load:
        _update(serving, name, configs[new], guarded)
        eventually(
            lambda: watch.is_over() or (watch.bakes and any(version == new for _, version in load.answers)), timeout=60
        )
        assert watch.bakes
        alarm("ALARM")
        eventually(watch.is_over, timeout=60)
        done = time.monotonic()
        eventually(lambda: load.answers[-1][0] > done + 0.2)
    assert load.failures == []
    assert new in {version for _, version in load.answers}
    assert {version for at, version in load.answers if at > done} == {old}
    found = serving.sagemaker.describe_endpoint(EndpointName=name)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", configs[old])
    assert ALARM in found["FailureReason"]
    eventually(lambda: len(serving.processes(name)) == COUNT)


def test_an_alarm_that_is_raised_already_is_seen_as_soon_as_traffic_has_moved(
    serving: Serving, configs: dict[str, str], name: str, alarm: Callable[[str], None]
) -> None:
    alarm("ALARM")
    guarded = {**CANARY, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]}}
    _, new = _versions(serving, name)
    _update(serving, name, configs[new], guarded)
    watch = Watch(serving, name)
    eventually(watch.is_over, timeout=60)
    assert ALARM in serving.sagemaker.describe_endpoint(EndpointName=name)["FailureReason"]


def test_what_cannot_be_followed_is_refused_before_anything_moves(
    serving: Serving, configs: dict[str, str], name: str
) -> None:
    old, new = _versions(serving, name)
    unknown = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "nobody"}]}}
    with pytest.raises(ClientError, match=r"AutoRollbackConfiguration.Alarms names nobody, but there is no such alarm"):
        _update(serving, name, configs[new], unknown)
    greedy = _blue_green("CANARY", CanarySize={"Type": "CAPACITY_PERCENT", "Value": 80})
    with pytest.raises(ClientError, match=r"CanarySize must be from 0 to 50 percent"):
        _update(serving, name, configs[new], greedy)
    found = serving.sagemaker.describe_endpoint(EndpointName=name)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", configs[old])
    eventually(lambda: len(serving.processes(name)) == COUNT)
