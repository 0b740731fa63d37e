"""A canary is judged: a good version stays, one that answers well and quickly but always the same is taken back by the judge alone."""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

import pytest
import yaml

from tests.live import eventually
from tests.serving import Load
from tests.small_project import NAME
from tests.system import RUN_SECONDS, Answer, System

# More of them show more: with MLSYSTEM_SAME_VERSIONS=20 as many are deployed, which takes about ten minutes.
SAME_VERSIONS = int(os.environ.get("MLSYSTEM_SAME_VERSIONS", "1"))


class Production:
    """The deployments of the system, and what the judge wrote of them."""

    def __init__(self, system: System):
        self.system = system
        self.url = system.api_url()
        outputs = system.outputs("prd")
        self.group = {"application": outputs["DeploymentApplication"], "group": outputs["DeploymentGroup"]}
        self._rows = itertools.cycle(["0.8,3\n", "0.2,3\n"])

    def load(self) -> Load[Answer]:
        """Clients whose rows are late as often as not."""
        return Load(lambda: self.system.ask(self.url, next(self._rows)), pause_seconds=0.03)

    def deployments(self) -> list[dict[str, Any]]:
        """The newest first."""
        codedeploy = self.system.engine.client("codedeploy")
        names = {"applicationName": self.group["application"], "deploymentGroupName": self.group["group"]}
        found = codedeploy.list_deployments(**names)["deployments"]
        return [codedeploy.get_deployment(deploymentId=one)["deploymentInfo"] for one in found]

    def record(self, deployment_id: str) -> dict[str, Any]:
        key = f"{NAME}/deployments/{deployment_id}/judgement.json"
        found = self.system.engine.client("s3").get_object(Bucket=self.system.bucket, Key=key)
        record: dict[str, Any] = json.loads(found["Body"].read())
        return record

    def closed_record(self, deployment_id: str) -> dict[str, Any]:
        """Once the judge has taken its schedule away."""
        scheduler = self.system.engine.client("scheduler")
        eventually(lambda: not scheduler.list_schedules(NamePrefix=f"{NAME}-judge-")["Schedules"], timeout=60)
        return self.record(deployment_id)

    def deploy_the_same_again(self) -> str:
        """A new version of the same function is deployed as the stack deploys one; the deployment's id, when it has ended."""
        functions, codedeploy = self.system.engine.client("lambda"), self.system.engine.client("codedeploy")
        name = self.system.outputs("prd")["ApiFunctionName"]
        serving = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
        functions.update_function_configuration(FunctionName=name, Description=f"The same as version {serving}.")
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
        [last, *_] = self.deployments()
        [text] = [member["content"] for member in last["revision"].values() if isinstance(member, dict)]
        spec = yaml.safe_load(text)
        [resource] = spec["Resources"][0].values()
        target = functions.publish_version(FunctionName=name)["Version"]
        resource["Properties"] |= {"CurrentVersion": serving, "TargetVersion": target}
        made = codedeploy.create_deployment(
            applicationName=self.group["application"],
            deploymentGroupName=self.group["group"],
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}},
        )["deploymentId"]
        eventually(lambda: self.deployments()[0]["status"] in ("Succeeded", "Failed", "Stopped"), timeout=RUN_SECONDS)
        return str(made)

    def alarm(self) -> str:
        found = self.system.engine.client("cloudwatch").describe_alarms(AlarmNames=[f"{NAME}-judge"])["MetricAlarms"]
        return str(found[0]["StateValue"])


@pytest.fixture(scope="module")
def production(system: System) -> Production:
    return Production(system)


def gradually(text: str) -> str:
    text = text.replace("deployment: Canary10Percent5Minutes", "deployment: Linear10PercentEvery2Minutes")
    return text.replace("max_latency_ms: 2000", "max_latency_ms: 20000")


def test_a_good_version_takes_over_and_the_record_says_on_what_numbers(production: Production) -> None:
    with production.load() as load:
        production.system.to_production(production.system.commit({"mlsystem.yaml": gradually}))
    assert (load.failures, {answer.status for answer in load.answers}) == ([], {200})
    [deployment, *_] = production.deployments()
    record = production.closed_record(deployment["deploymentId"])
    assert (record["verdict"], record["deploymentStatus"]) == ("not worse", "Succeeded"), record
    assert record["looks"] > 1
    assert record["policy"] == {"falseAlarmRate": 0.01, "minRequests": 100, "noData": "pass"}
    assert record["newRequests"] >= 100
    [errors] = record["criteria"]["errors"]["comparisons"]
    assert (errors["newBad"], errors["oldBad"]) == (0, 0)
    assert record["criteria"]["latency"]["comparisons"] and record["criteria"]["predictions"]["comparisons"]
    assert record["evidence"] < 1
    assert production.alarm() == "OK"


def test_the_same_version_deployed_again_and_again_is_never_taken_back(production: Production) -> None:
    with production.load() as load:
        made = [production.deploy_the_same_again() for _ in range(SAME_VERSIONS)]
    assert (load.failures, {answer.status for answer in load.answers}) == ([], {200})
    records = [production.closed_record(one) for one in made]
    assert {record["deploymentStatus"] for record in records} == {"Succeeded"}, records
    assert max(record["evidence"] for record in records) < 1


def test_a_version_that_predicts_a_constant_is_taken_back_by_the_judge_alone(production: Production) -> None:
    system = production.system
    before = system.outputs("prd")["EndpointName"]
    with production.load() as load:
        execution = system.upload({"auc": "0.9", "limit": "-1"})
        system.approve(execution)
        assert system.ended(execution) == "Failed"
        failed = next(one for one in production.deployments() if one["status"] == "Failed")
        rollback = system.rolled_back(execution)
        assert system.ended(rollback) == "Succeeded", system.errors(rollback)
    assert {answer.status for answer in load.answers} == {200}, "its answers were good ones, but for what they said"
    assert f"{NAME}-judge" in failed["errorInformation"]["message"]
    others = [name for name in ("alias-errors", "version-errors", "api-5xx", "api-latency")]
    assert not [name for name in others if f"{NAME}-{name}" in failed["errorInformation"]["message"]]
    record = production.closed_record(failed["deploymentId"])
    assert (record["verdict"], record["deploymentStatus"]) == ("worse", "Failed")
    assert "predictions above a cut" in record["reason"]
    assert record["evidence"] >= 1
    assert system.outputs("prd")["EndpointName"] == before
    eventually(lambda: {system.ask(production.url, row).body for row in ("0.8,3\n", "0.2,3\n")} == {"0.9\n", "0.1\n"})


def test_evidence_of_a_deployment_that_is_over_holds_up_no_later_one(production: Production) -> None:
    """The judge says 0 at the end, and what is missing is no evidence."""
    eventually(lambda: production.alarm() == "OK", timeout=30)
    last = production.deployments()[0]
    assert production.closed_record(last["deploymentId"])["deploymentStatus"] == last["status"]
