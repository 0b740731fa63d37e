"""A version that fails its verification goes, and the one before it is in service again, without a moment in which nobody answers.

The stage's rollback deploys the older run anew, as a release with a name of its own: what that run left keeps its names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import small_project
from tests.command_line import run
from tests.e2e.least_privilege import recorded
from tests.live import eventually
from tests.serving import Load
from tests.small_project import NAME
from tests.system import Answer, System
from tests.tags import untagged

pytestmark = pytest.mark.measured

PROGRAM = "api/verify_deployment.py"
REFUSES = '    raise CheckError("its answers are not what they should be")\n'
GRADUALLY = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


def _never_content(text: str) -> str:
    """The verification of this commit's version fails."""
    text = text.replace("from check import Clock", "from check import CheckError, Clock")
    said = (
        '    """Says what was found in order. `job_id` of CodePipeline stands in the requests. Raises CheckError."""\n'
    )
    assert said in text
    return text.replace(said, said + REFUSES)


def _served(answers: list[Answer]) -> set[str]:
    return {answer.endpoint for answer in answers}


def _deployments(system: System) -> list[dict[str, Any]]:
    """Of CodeDeploy, the newest first."""
    codedeploy = system.engine.client("codedeploy")
    names = system.outputs("prd")
    group = {"applicationName": names["DeploymentApplication"], "deploymentGroupName": names["DeploymentGroup"]}
    found = [
        codedeploy.get_deployment(deploymentId=one)["deploymentInfo"]
        for one in codedeploy.list_deployments(**group)["deployments"]
    ]
    return sorted(found, key=lambda one: one["createTime"], reverse=True)


def _own_steps_and_a_quiet_time(text: str) -> str:
    quiet = "{from: 'cron(0 22 * * ? *)', until: 'cron(0 6 * * ? *)', min_instances: 1, max_instances: 2}"
    assert "scaling:\n" in text and "Canary10Percent5Minutes" in text
    text = text.replace("Canary10Percent5Minutes", "Canary25Percent4Minutes")
    return text.replace("scaling:\n", f"scaling:\n  quiet: {quiet}\n")


def _instances(system: System, endpoint: str) -> int:
    found = system.engine.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    return int(found["ProductionVariants"][0]["CurrentInstanceCount"])


def _raised_by_the_hook(system: System) -> set[str]:
    """The endpoints whose count the hooks' role has changed."""
    calls = recorded(sorted(system.engine.folder.glob("audit.jsonl*")))
    right = "sagemaker:UpdateEndpointWeightsAndCapacities"
    return {call.resource.rsplit("/", 1)[1] for call in calls if call.action == right and "-hooks-" in call.role}


def _endpoints(system: System) -> set[str]:
    listed = system.engine.client("sagemaker").list_endpoints(NameContains="-prd")["Endpoints"]
    return {endpoint["EndpointName"] for endpoint in listed}


@pytest.fixture(scope="module")
def first(system: System) -> str:
    """The endpoint of the version that has proven good."""
    return system.outputs("prd")["EndpointName"]


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        ("pipeline", "shared"),
        ("workflow", "train"),
        ("sagemaker-custom-resource", "shared"),
        ("deploy-dev", "dev"),
        ("deploy-prd", "prd"),
    ],
)
def test_all_that_takes_tags_has_those_that_a_bill_is_divided_by(system: System, stack: str, stage: str) -> None:
    wanted = {"Project": NAME, "Model": "mls-small", "Stage": stage}
    assert untagged(system.engine, f"{NAME}-{stack}", wanted) == {}


def test_a_version_that_fails_its_verification_gives_way_to_the_one_before(system: System, first: str) -> None:
    url = system.api_url()
    execution = system.commit({PROGRAM: _never_content})
    system.waits(execution)
    with Load(lambda: system.ask(url), pause_seconds=0.02) as load:
        system.approve(execution)
        assert system.ended(execution) == "Failed"
        assert "its answers are not what they should be" in system.errors(execution)["VerifyDeployment"]
        rollback = system.rolled_back(execution)
        assert system.ended(rollback) == "Succeeded", system.errors(rollback)
    assert load.failures == []
    assert {answer.status for answer in load.answers} == {200}
    stack = system.engine.client("cloudformation").describe_stacks(StackName=f"{NAME}-deploy-prd")["Stacks"][0]
    assert stack["StackStatus"] in ("UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    back = first.removesuffix("-prd") + "-r2-prd"
    assert system.outputs("prd")["EndpointName"] == back
    assert system.ask(url).endpoint == back
    bad = next(endpoint for endpoint in _served(load.answers) if endpoint not in (first, back))
    told = system.runs(rollback)["PruneVersions"]["output"]["executionResult"]["externalExecutionSummary"]
    assert told == f"removed: {bad}, {first}; kept: {back}", "neither is something to go back to"
    eventually(lambda: _endpoints(system) == {back})


def test_going_back_does_not_wait_for_a_canary(system: System) -> None:
    deployments = _deployments(system)
    assert [one["deploymentConfigName"] for one in deployments] == [AT_ONCE, GRADUALLY]
    assert {one["status"] for one in deployments} == {"Succeeded"}


def test_what_served_when_is_told_of_both_releases_of_a_run(system: System, first: str, tmp_path: Path) -> None:
    project = small_project.unpack(tmp_path / "project")
    done = run("--json", "--project", str(project), "versions", home=system.engine.folder)
    third, second, oldest = json.loads(done.stdout)
    assert (third["share"], oldest["endpoint"]) == (1.0, first)
    assert third["training_job"] == oldest["training_job"] == first.removesuffix("-prd") != second["training_job"]
    assert [third["is_standing"], second["is_standing"], oldest["is_standing"]] == [True, False, False]


def test_the_mended_version_comes_gradually_and_what_served_before_it_is_retained(system: System) -> None:
    back = system.outputs("prd")["EndpointName"]
    # As if the load had scaled it out, and would not let it in again.
    resource = f"endpoint/{back}/variant/AllTraffic"
    system.engine.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=resource,
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=3,
    )
    eventually(lambda: _instances(system, back) == 3, timeout=60)
    changes = {
        PROGRAM: lambda text: text.replace(REFUSES, "") + "# Mended.\n",
        "mlsystem.yaml": _own_steps_and_a_quiet_time,
    }
    execution = system.commit(changes)
    system.to_production(execution)
    assert _deployments(system)[0]["deploymentConfigName"] == f"{NAME}-Canary25Percent4Minutes"
    new = system.outputs("prd")["EndpointName"]
    assert _endpoints(system) == {back, new}
    assert _raised_by_the_hook(system) == {new}
    actions = system.engine.client("application-autoscaling").describe_scheduled_actions(ServiceNamespace="sagemaker")
    found = {action["ResourceId"]: action["Schedule"] for action in actions["ScheduledActions"]}
    assert found.keys() == {f"endpoint/{new}/variant/AllTraffic"}
