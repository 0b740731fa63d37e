"""Deployments of every kind behind one REST API that is asked all the time: for the test of each kind, and for the benchmark of many.

The API's function asks an endpoint and answers with its own version and the endpoint's. So both ways in which a version comes are seen
by the same clients: a new version of the function through CodeDeploy and the alias, and a new configuration of the endpoint through
SageMaker's guardrails.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from tests.functions import change_code, make_api, make_function
from tests.intervals import is_plausible_share
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving, SteadyLoad

NAME = "rollouts"
SOURCE = """
import boto3

runtime = boto3.client("sagemaker-runtime")


def handler(event, context):
    answer = runtime.invoke_endpoint(EndpointName="{endpoint}", ContentType="text/csv", Body=b"7")
    headers = {{"X-Function": context.function_version, "X-Revision": "{revision}"}}
    return {{"statusCode": 200, "headers": headers, "body": answer["Body"].read().decode()}}
"""
COUNT = 4  # instances of the endpoint
VERSIONS = ("1", "2")
LONGEST_SECONDS = 240.0
PER_SECOND = 100.0
SETTLE_SECONDS = 0.25  # from a decision until its traffic has surely moved


class Deployer:
    """A deployment group of CodeDeploy for the alias `live` of a function of the same name."""

    def __init__(self, engine: LiveEngine, name: str, **settings: Any):
        self._engine = engine
        self._name = name
        self._client = engine.client("codedeploy")
        self._client.create_application(applicationName=name, computePlatform="Lambda")
        self._client.create_deployment_group(
            applicationName=name, deploymentGroupName=name, serviceRoleArn=role(engine, "deployer"), **settings
        )

    def begin(self, current: str, target: str, **settings: Any) -> str:
        """The id of the deployment."""
        properties = {"Name": self._name, "Alias": "live", "CurrentVersion": current, "TargetVersion": target}
        resource = {self._name: {"Type": "AWS::Lambda::Function", "Properties": properties}}
        content = json.dumps({"version": 0.0, "Resources": [resource]})
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        made = self._client.create_deployment(
            applicationName=self._name, deploymentGroupName=self._name, revision=revision, **settings
        )
        return str(made["deploymentId"])

    def stop(self, deployment: str) -> None:
        """And take it back."""
        self._client.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)

    def status(self, deployment: str) -> str:
        return str(self._client.get_deployment(deploymentId=deployment)["deploymentInfo"]["status"])


@dataclass(frozen=True)
class Step:
    """How long a share of the traffic was planned for the new version, as it was seen, and who answered then."""

    share: float
    counted: Mapping[str, int]
    new: str

    @property
    def is_plausible(self) -> bool:
        """Whether the new version's answers lie in the 99.9 % interval of the share; a step with none says nothing."""
        total = sum(self.counted.values())
        return not total or is_plausible_share(self.counted.get(self.new, 0), total, self.share, least=1)


@dataclass(frozen=True)
class Rollout:
    """One deployment. `failed` are requests with another answer than 200, or none."""

    kind: str
    requests: int
    failed: tuple[str, ...]
    steps: tuple[Step, ...]
    seconds: float


@dataclass(frozen=True)
class Kind:
    """`shares`: what the new version has of the traffic, one step after the other, the last of which is all."""

    name: str
    shares: tuple[float, ...]
    config: str = ""  # of CodeDeploy
    guardrail: Mapping[str, Any] | None = None  # of SageMaker


def _linear(percent: int) -> tuple[float, ...]:
    return (*(step / 100 for step in range(percent, 100, percent)), 1.0)


def _blue_green(routing: str, **members: Any) -> dict[str, Any]:
    wait = {"Type": routing, "WaitIntervalInSeconds": 60, **members}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": wait, "TerminationWaitInSeconds": 60}}


def _capacity(percent: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": percent}


OWN_STEPS = {
    "Canary25Percent2Minutes": {
        "type": "TimeBasedCanary",
        "timeBasedCanary": {"canaryPercentage": 25, "canaryInterval": 2},
    },
    "Linear30PercentEvery1Minute": {
        "type": "TimeBasedLinear",
        "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 1},
    },
}
CODEDEPLOY = (
    Kind("AllAtOnce", (1.0,), "CodeDeployDefault.LambdaAllAtOnce"),
    *(
        Kind(f"Canary10Percent{minutes}Minutes", (0.1, 1.0), f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes")
        for minutes in (5, 10, 15, 30)
    ),
    *(
        Kind(f"Linear10PercentEvery{every}", _linear(10), f"CodeDeployDefault.LambdaLinear10PercentEvery{every}")
        for every in ("1Minute", "2Minutes", "3Minutes", "10Minutes")
    ),
    Kind("Canary25Percent2Minutes", (0.25, 1.0), "Canary25Percent2Minutes"),
    Kind("Linear30PercentEvery1Minute", (0.3, 0.6, 0.9, 1.0), "Linear30PercentEvery1Minute"),
)
GUARDRAILS = (
    Kind("guardrail, all at once", (1.0,), guardrail=_blue_green("ALL_AT_ONCE")),
    Kind("guardrail, canary", (0.25, 1.0), guardrail=_blue_green("CANARY", CanarySize=_capacity(25))),
    Kind("guardrail, linear", (0.5, 1.0), guardrail=_blue_green("LINEAR", LinearStepSize=_capacity(50))),
    Kind(
        "guardrail, rolling",
        (0.5, 1.0),
        guardrail={"RollingUpdatePolicy": {"MaximumBatchSize": _capacity(50), "WaitIntervalInSeconds": 60}},
    ),
)
KINDS = {kind.name: kind for kind in (*CODEDEPLOY, *GUARDRAILS)}


class Site:
    """The API, its function with two versions, and the endpoint with two configurations."""

    def __init__(self, live: LiveEngine):
        self._live = live
        self._functions = live.client("lambda")
        self._serving = Serving(live)
        self._configs = {version: self._serving.simple_config(version, count=COUNT) for version in VERSIONS}
        self._endpoint = self._serving.endpoint(self._configs["1"])
        make_function(live, NAME, self._source("1"))
        self._functions.publish_version(FunctionName=NAME)
        change_code(live, NAME, self._source("2"))
        alias = self._functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")["AliasArn"]
        self._path = make_api(live, NAME, alias)
        for name, routing in OWN_STEPS.items():
            live.client("codedeploy").create_deployment_config(
                deploymentConfigName=name, computePlatform="Lambda", trafficRoutingConfig=routing
            )
        self._deployer = Deployer(live, NAME)

    def _source(self, revision: str) -> str:
        return SOURCE.format(endpoint=self._endpoint, revision=revision)

    def roll_out(self, kind: Kind) -> Rollout:
        """From the version that serves to the other one, under load from before it until after it."""
        begun = time.monotonic()
        change = self._by_guardrail if kind.guardrail else self._by_codedeploy
        with SteadyLoad(
            self._live, self._path, PER_SECOND, _function_version if kind.config else _endpoint_version
        ) as load:
            eventually(lambda: load.answers or load.failures)
            new, seen = change(kind)
            done = time.monotonic()
            # The door learns of the last step as of the others: a little after it was taken.
            eventually(
                lambda: load.failures or (load.answers[-1][0] > done + SETTLE_SECONDS and load.answers[-1][1] == new)
            )
        assert [share for share, _ in seen] == list(kind.shares), f"{kind.name}: {seen}"
        steps = tuple(Step(share, load.counted(since + SETTLE_SECONDS, until), new) for share, (since, until) in seen)
        requests = len(load.answers) + len(load.failures)
        return Rollout(kind.name, requests, tuple(load.failures), steps, time.monotonic() - begun)

    def _by_codedeploy(self, kind: Kind) -> tuple[str, list[tuple[float, tuple[float, float]]]]:
        old = str(self._functions.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"])
        new = _other(old)
        watch = Watch(lambda: self._share(new))
        deployment = self._deployer.begin(old, new, deploymentConfigName=kind.config)
        watch.until(lambda: self._deployer.status(deployment) not in ("Created", "Queued", "InProgress"))
        assert self._deployer.status(deployment) == "Succeeded"
        return new, [(share, times) for share, times in watch.steps() if share > 0]

    def _share(self, version: str) -> float:
        alias = self._functions.get_alias(FunctionName=NAME, Name="live")
        others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        if alias["FunctionVersion"] == version:
            return round(1.0 - float(sum(others.values())), 6)
        return round(float(others.get(version, 0.0)), 6)

    def _by_guardrail(self, kind: Kind) -> tuple[str, list[tuple[float, tuple[float, float]]]]:
        """The steps of a guardrail are seen as its bakes, which say nothing of their share: the plan has it."""
        sagemaker = self._serving.sagemaker
        new = _other(self._serving.invoke(self._endpoint).split(",")[1])
        sagemaker.update_endpoint(
            EndpointName=self._endpoint, EndpointConfigName=self._configs[new], DeploymentConfig=kind.guardrail
        )
        watch = Watch(lambda: _bake(sagemaker.describe_endpoint(EndpointName=self._endpoint)))
        watch.until(lambda: sagemaker.describe_endpoint(EndpointName=self._endpoint)["EndpointStatus"] == "InService")
        bakes = [times for message, times in watch.steps() if message]
        assert len(bakes) == len(kind.shares), f"{kind.name}: {len(bakes)} bakes"
        return new, list(zip(kind.shares, bakes, strict=True))


class Watch:
    """In which stretches of time something had which value: from the first to the last look that saw it."""

    def __init__(self, look: Callable[[], Any]):
        self._look = look
        self._seen: list[tuple[Any, list[float]]] = []

    def until(self, is_over: Callable[[], bool]) -> None:
        """Looks at least once more when it is over."""

        def over() -> bool:
            ended = is_over()
            before = time.monotonic()
            value = self._look()
            if not self._seen or self._seen[-1][0] != value:
                self._seen.append((value, []))
            self._seen[-1][1].append(before)
            return ended

        eventually(over, timeout=LONGEST_SECONDS, interval=0.02)

    def steps(self) -> list[tuple[Any, tuple[float, float]]]:
        return [(value, (times[0], times[-1])) for value, times in self._seen]


def _bake(description: Mapping[str, Any]) -> str:
    for variant in description.get("PendingDeploymentSummary", {}).get("ProductionVariants", ()):
        [status] = variant["VariantStatus"]
        if status["Status"] == "Baking":
            return str(status["StatusMessage"])
    return ""


def _other(version: str) -> str:
    return {"1": "2", "2": "1"}[version]


def _function_version(answer: HTTPResponse, _: str) -> str:
    return str(answer.headers["X-Function"])


def _endpoint_version(_: HTTPResponse, body: str) -> str:
    return body.split(",")[1]
