"""A canary is judged, with the stack's own hooks, judge and alarm: the same version stays, one that answers well and quickly but always
the same is taken back by the judge alone."""

from __future__ import annotations

import io
import itertools
import json
import os
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.live import eventually
from tests.serving import Load
from tests.small_project import NAME
from tests.system import RUN_SECONDS, Answer, System

pytestmark = pytest.mark.measured

GRADUALLY = (
    "CodeDeployDefault.LambdaLinear10PercentEvery3Minutes"  # 27 minutes, which the engine's time scale makes seconds
)
HOOKS = ("pre-traffic", "post-traffic")
CONSTANT = f"{NAME}-constant-prd"
# More of them show more: with MLSYSTEM_SAME_VERSIONS=20 as many are deployed, which takes about ten minutes.
SAME_VERSIONS = int(os.environ.get("MLSYSTEM_SAME_VERSIONS", "1"))


class Production:
    """Deploys versions of the system's API function as its stack does, and reads what the judge wrote of them."""

    def __init__(self, system: System):
        self.system = system
        self.url = system.api_url()
        outputs = system.outputs("prd")
        self.function, self.endpoint = outputs["ApiFunctionName"], outputs["EndpointName"]
        self._group = {
            "applicationName": outputs["DeploymentApplication"],
            "deploymentGroupName": outputs["DeploymentGroup"],
        }
        self._rows = itertools.cycle(["0.8,3\n", "0.2,3\n"])

    def client(self, service: str) -> Any:
        return self.system.engine.client(service)

    def load(self) -> Load[Answer]:
        """Clients whose rows are late as often as not."""
        return Load(lambda: self.system.ask(self.url, next(self._rows)), pause_seconds=0.08)

    def configure(self, function: str, **variables: str) -> None:
        functions = self.client("lambda")
        known = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": {**known, **variables}}
        )
        functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.2})

    def new_version(self, endpoint: str) -> str:
        """Of the API function, asking this endpoint; the hooks check that it does."""
        versions = len(self.client("lambda").list_versions_by_function(FunctionName=self.function)["Versions"])
        self.configure(self.function, ENDPOINT_NAME=endpoint, RELEASE=str(versions))
        version = str(self.client("lambda").publish_version(FunctionName=self.function)["Version"])
        self.configure(f"{NAME}-{HOOKS[0]}", ENDPOINT_NAME=endpoint, NEW_VERSION=version)
        self.configure(f"{NAME}-{HOOKS[1]}", ENDPOINT_NAME=endpoint)
        return version

    def deploy(self, version: str) -> dict[str, Any]:
        """With the judge's alarm alone; CodeDeploy's word of the deployment when it has ended."""
        serving = self.client("lambda").get_alias(FunctionName=self.function, Name="live")["FunctionVersion"]
        properties = {
            "Name": self.function,
            "Alias": "live",
            "CurrentVersion": serving,
            "TargetVersion": version,
        }
        content = {
            "version": 0.0,
            "Resources": [{"Api": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
            "Hooks": [{"BeforeAllowTraffic": f"{NAME}-{HOOKS[0]}"}, {"AfterAllowTraffic": f"{NAME}-{HOOKS[1]}"}],
        }
        made = self.client("codedeploy").create_deployment(
            **self._group,
            deploymentConfigName=GRADUALLY,
            overrideAlarmConfiguration={"enabled": True, "alarms": [{"name": f"{NAME}-judge"}]},
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}},
        )["deploymentId"]
        return dict(eventually(lambda: self._ended(made), timeout=2 * RUN_SECONDS))

    def _ended(self, deployment_id: str) -> dict[str, Any] | None:
        info: dict[str, Any] = self.client("codedeploy").get_deployment(deploymentId=deployment_id)["deploymentInfo"]
        return info if info["status"] in ("Succeeded", "Failed", "Stopped") else None

    def closed_record(self, deployment_id: str) -> dict[str, Any]:
        """Once the judge has taken its schedule away."""
        scheduler = self.client("scheduler")
        eventually(lambda: not scheduler.list_schedules(NamePrefix=f"{NAME}-judge-")["Schedules"], timeout=90)
        key = f"{NAME}/deployments/{deployment_id}/judgement.json"
        found = self.client("s3").get_object(Bucket=self.system.bucket, Key=key)
        record: dict[str, Any] = json.loads(found["Body"].read())
        return record

    def alarm(self) -> str:
        found = self.client("cloudwatch").describe_alarms(AlarmNames=[f"{NAME}-judge"])["MetricAlarms"]
        return str(found[0]["StateValue"])

    def constant_endpoint(self) -> str:
        """Of the model in production, but for its limit: whatever it is asked, it is above that."""
        sagemaker, s3 = self.client("sagemaker"), self.client("s3")
        model = sagemaker.describe_model(ModelName=self.endpoint)
        bucket, _, key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
        archive = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        changed = key.replace("model.tar.gz", "constant.tar.gz")
        s3.put_object(Bucket=bucket, Key=changed, Body=_with_model(archive, lambda told: {**told, "limit": -1.0}))
        container = {**model["PrimaryContainer"], "ModelDataUrl": f"s3://{bucket}/{changed}"}
        role = model["ExecutionRoleArn"]
        sagemaker.create_model(ModelName=CONSTANT, PrimaryContainer=container, ExecutionRoleArn=role)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=self.endpoint)
        variants = [{**one, "ModelName": CONSTANT} for one in config["ProductionVariants"]]
        sagemaker.create_endpoint_config(
            EndpointConfigName=CONSTANT, ProductionVariants=variants, DataCaptureConfig=config["DataCaptureConfig"]
        )
        sagemaker.create_endpoint(EndpointName=CONSTANT, EndpointConfigName=CONSTANT)

        def is_in_service() -> bool:
            return bool(sagemaker.describe_endpoint(EndpointName=CONSTANT)["EndpointStatus"] == "InService")

        eventually(is_in_service)
        return CONSTANT


def _with_model(archive: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """The archive with its one file of JSON at the top changed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as before, tarfile.open(fileobj=stream, mode="w:gz") as after:
        for member in before.getmembers():
            file = before.extractfile(member)
            content = file.read() if file is not None else b""
            if b'"limit"' in content:
                content = json.dumps(change(json.loads(content))).encode()
                member.size = len(content)
            after.addfile(member, io.BytesIO(content) if file is not None else None)
    return stream.getvalue()


@pytest.fixture(scope="module")
def production(system: System) -> Production:
    return Production(system)


def test_the_same_version_takes_over_and_the_record_says_on_what_numbers(production: Production) -> None:
    with production.load() as load:
        eventually(lambda: len(load.answers) > 120)
        made = [production.deploy(production.new_version(production.endpoint)) for _ in range(SAME_VERSIONS)]
    assert (load.failures, {answer.status for answer in load.answers}) == ([], {200})
    assert [one["status"] for one in made] == ["Succeeded"] * SAME_VERSIONS, made
    for deployment in made:
        record = production.closed_record(deployment["deploymentId"])
        assert (record["verdict"], record["deploymentStatus"]) == ("not worse", "Succeeded"), record
        assert record["policy"] == {"falseAlarmRate": 0.01, "minRequests": 100, "noData": "pass"}
        assert record["newRequests"] >= 100
        [errors] = record["criteria"]["errors"]["comparisons"]
        assert (errors["newBad"], errors["oldBad"]) == (0, 0)
        assert record["criteria"]["latency"]["comparisons"] and record["criteria"]["predictions"]["comparisons"]
        assert record["evidence"] < 1
    assert production.alarm() == "OK"


def test_a_version_that_predicts_a_constant_is_taken_back_by_the_judge_alone(production: Production) -> None:
    version = production.new_version(production.constant_endpoint())
    with production.load() as load:
        failed = production.deploy(version)
    assert (load.failures, {answer.status for answer in load.answers}) == ([], {200}), "its answers were good ones"
    assert failed["status"] == "Failed"
    record = production.closed_record(failed["deploymentId"])
    assert (record["verdict"], record["deploymentStatus"]) == ("worse", "Failed"), (record, failed)
    assert "predictions above a cut" in record["reason"]
    assert record["evidence"] >= 1
    answers = {production.system.ask(production.url, row).body for row in ("0.8,3\n", "0.2,3\n")}
    assert answers == {"0.9\n", "0.1\n"}


def test_evidence_of_a_deployment_that_is_over_holds_up_no_later_one(production: Production) -> None:
    """The judge says 0 at the end, and what is missing is no evidence."""
    eventually(lambda: production.alarm() == "OK", timeout=60)
