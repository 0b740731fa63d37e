"""Endpoints, with the engine killed while one is created or updated: no request fails, the right instances serve, none is left over."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.alarms import ToldAlarm
from tests.killpoints import Harness
from tests.live import LiveEngine
from tests.roles import role
from tests.serving import Load, Serving, push_server

HOME = "serving"
NAME = "always-there"


def _first_config(live: LiveEngine) -> Serving:
    push_server(live, HOME)
    serving = Serving(live, HOME)
    for version in ("1", "2"):
        model = f"model-{version}"
        container = {
            "Image": serving.image,
            "ModelDataUrl": f"s3://{HOME}/model.tar.gz",
            "Environment": {"VERSION": version},
        }
        server = role(live, "server")
        serving.sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=server)
        variant = {"VariantName": "AllTraffic", "ModelName": model, "InitialInstanceCount": 2}
        serving.sagemaker.create_endpoint_config(
            EndpointConfigName=f"config-{version}", ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
        )
    return serving


def _answers(serving: Serving) -> bool:
    try:
        return bool(serving.invoke(NAME))
    except (ClientError, BotoCoreError):
        return False


def _check_instances(serving: Serving, version: str) -> None:
    """Two instances of the version, the front door, and nothing else runs; nothing else is left in the folders."""
    found = serving.sagemaker.describe_endpoint(EndpointName=NAME)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", f"config-{version}")
    assert {serving.invoke(NAME).split(",")[1] for _ in range(10)} == {version}
    folder = serving.engine.folder
    living = [path.parent.name.split(".")[0] for path in serving.engine.living_processes()]
    assert sorted(living) == ["door", "endpoint-instance", "endpoint-instance"]
    assert len(list((folder / "work" / "instances").iterdir())) == 2
    # An instance may have had a process before: each of its attempts has a folder as long as it lives.
    assert len({path.name.split(".")[2] for path in (folder / "processes").glob("endpoint-instance.*")}) == 2


class CreateOnce:
    essential: tuple[str, ...] = (
        "sagemaker.start_instance.after",
        "sagemaker.settle_door.after",
        "sagemaker.endpoint.InService.before_commit",
    )

    def prepare(self, live: LiveEngine) -> None:
        _first_config(live)

    def act(self, live: LiveEngine) -> None:
        try:
            live.client("sagemaker").create_endpoint(EndpointName=NAME, EndpointConfigName="config-1")
        except ClientError as error:
            if "Cannot create already existing endpoint" not in str(error):
                raise

    def settle(self, live: LiveEngine) -> None:
        Serving(live, HOME).await_settled(NAME)

    def check(self, live: LiveEngine) -> None:
        _check_instances(Serving(live, HOME), "1")


ALARM = "slow"
# Half of the new fleet first; the alarm is looked at before and after each wait.
CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 1,
            "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
        }
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]},
}


class UpdateUnderLoad:
    essential: tuple[str, ...] = (
        "sagemaker.endpoint.Updating.after_commit",
        "sagemaker.check_alarms.after",
        "sagemaker.endpoint.InService.before_commit",
        "sagemaker.drain_instance.before",
        "sagemaker.clear_instance.after",
    )

    def __init__(self) -> None:
        self.load: Load[str] | None = None

    def prepare(self, live: LiveEngine) -> None:
        _first_config(live).sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName="config-1")
        Serving(live, HOME).await_settled(NAME)
        self.put_alarm(live, "OK")

    def put_alarm(self, live: LiveEngine, state: str) -> None:
        ToldAlarm(live, ALARM).say(state)

    def act(self, live: LiveEngine) -> None:
        """The load outlives the engine."""
        serving = Serving(live, HOME)
        if self.load is None:
            live.eventually(lambda: _answers(serving))
            self.load = Load(lambda: serving.invoke(NAME, b"7"), pause_seconds=0.02)
            self.load.start()
        if serving.await_settled(NAME)["EndpointConfigName"] == "config-1":
            serving.sagemaker.update_endpoint(EndpointName=NAME, EndpointConfigName="config-2", DeploymentConfig=CANARY)

    def settle(self, live: LiveEngine) -> None:
        serving = Serving(live, HOME)

        def old_ones_are_gone() -> bool:
            serving.await_settled(NAME)
            return len(list((live.folder / "work" / "instances").iterdir())) == 2

        live.eventually(old_ones_are_gone)

    def check(self, live: LiveEngine) -> None:
        assert self.load is not None
        self.load.stop()
        answers, failures = self.load.answers, self.load.failures
        self.load = None
        assert failures == []
        assert {answer.split(",")[1] for answer in answers} == {"1", "2"}
        _check_instances(Serving(live, HOME), "2")


class RollBackUnderLoad(UpdateUnderLoad):
    """The alarm is raised before the update begins, so that it is seen as soon as requests have moved."""

    essential = ("sagemaker.endpoint.RollingBack.after_commit",)

    def prepare(self, live: LiveEngine) -> None:
        super().prepare(live)
        self.put_alarm(live, "ALARM")

    def act(self, live: LiveEngine) -> None:
        found = live.client("sagemaker").describe_endpoint(EndpointName=NAME)
        if "FailureReason" not in found:
            super().act(live)

    def check(self, live: LiveEngine) -> None:
        assert self.load is not None
        self.load.stop()
        failures = self.load.failures
        self.load = None
        assert failures == []
        found = live.client("sagemaker").describe_endpoint(EndpointName=NAME)
        assert ALARM in found["FailureReason"]
        _check_instances(Serving(live, HOME), "1")


def test_an_endpoint_is_created_once_though_the_engine_is_killed(tmp_path: Path) -> None:
    Harness(tmp_path, CreateOnce()).visit()


@pytest.mark.parametrize("scenario", [UpdateUnderLoad(), RollBackUnderLoad()], ids=["forward", "back"])
def test_an_update_fails_no_request_though_the_engine_is_killed(tmp_path: Path, scenario: UpdateUnderLoad) -> None:
    try:
        Harness(tmp_path, scenario).visit()
    finally:
        if scenario.load is not None:
            scenario.load.stop()
