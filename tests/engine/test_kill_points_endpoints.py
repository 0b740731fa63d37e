"""Endpoints, with the engine killed while one is created or updated: no request fails, the right instances serve, none is left over."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

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
    assert len(list((folder / "processes").glob("endpoint-instance.*"))) == 2


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


class UpdateUnderLoad:
    essential: tuple[str, ...] = (
        "sagemaker.endpoint.Updating.after_commit",
        "sagemaker.endpoint.InService.before_commit",
        "sagemaker.drain_instance.before",
        "sagemaker.clear_instance.after",
    )

    def __init__(self) -> None:
        self.load: Load[str] | None = None

    def prepare(self, live: LiveEngine) -> None:
        _first_config(live).sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName="config-1")
        Serving(live, HOME).await_settled(NAME)

    def act(self, live: LiveEngine) -> None:
        """The load outlives the engine."""
        serving = Serving(live, HOME)
        if self.load is None:
            live.eventually(lambda: _answers(serving))
            self.load = Load(lambda: serving.invoke(NAME, b"7"))
            self.load.start()
        if serving.await_settled(NAME)["EndpointConfigName"] == "config-1":
            serving.sagemaker.update_endpoint(EndpointName=NAME, EndpointConfigName="config-2")

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


def test_an_endpoint_is_created_once_though_the_engine_is_killed(tmp_path: Path) -> None:
    Harness(tmp_path, CreateOnce()).visit()


def test_an_update_fails_no_request_though_the_engine_is_killed(tmp_path: Path) -> None:
    scenario = UpdateUnderLoad()
    try:
        Harness(tmp_path, scenario).visit()
    finally:
        if scenario.load is not None:
            scenario.load.stop()
