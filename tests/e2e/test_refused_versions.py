"""What the hook before the traffic refuses: a version that answers slowly, too much, or with words. Its traffic never begins."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.live import eventually
from tests.small_project import NAME
from tests.system import RUN_SECONDS, System

pytestmark = pytest.mark.measured

STACK = f"{NAME}-deploy-prd"
TRIES = 3
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def deploy(system: System, **changes: str) -> str:
    """A new release of what is in production, with these parameters; the stack's status when it has settled."""
    begin_deploy(system, **changes)
    return settled(system)


def settled(system: System) -> str:
    """The stack's status, once it has."""
    eventually(lambda: not _described(system)["StackStatus"].endswith("_IN_PROGRESS"), timeout=RUN_SECONDS)
    return str(_described(system)["StackStatus"])


def _described(system: System) -> dict[str, Any]:
    return dict(system.engine.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0])


def begin_deploy(system: System, **changes: str) -> None:
    cloudformation, cloudwatch = system.engine.client("cloudformation"), system.engine.client("cloudwatch")
    # On a busy machine the API may have been slow, and CodeDeploy begins nothing while an alarm of the stack is on. Those of the
    # scaling policy are none of them: without requests the one that scales in is on.
    raised = {"StateValue": "ALARM", "AlarmNamePrefix": f"{NAME}-"}
    eventually(lambda: not cloudwatch.describe_alarms(**raised)["MetricAlarms"], timeout=RUN_SECONDS)
    # A deployment has succeeded before the update that made it is over, and a stack takes one update at a time.
    eventually(lambda: not str(_described(system)["StackStatus"]).endswith("_IN_PROGRESS"), timeout=RUN_SECONDS)

    # What an update that was rolled back had given may stand as the previous value.
    given = {
        "ReleaseName": f"{NAME}-tried-{secrets.token_hex(3)}-prd",
        "ReleaseSha256": secrets.token_hex(32),
        "Fault": "",
        "MaxLatencyInMilliseconds": "2000",
        **changes,
    }
    names = [item["ParameterKey"] for item in _described(system)["Parameters"]]
    kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in names if name not in given]
    changed = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    cloudformation.update_stack(
        StackName=STACK, UsePreviousTemplate=True, Parameters=[*kept, *changed], Capabilities=CAPABILITIES
    )


def lifecycle(system: System, deployment_id: str) -> dict[str, str]:
    """The status of each event of a deployment, and what CodeDeploy says of its end."""
    codedeploy = system.engine.client("codedeploy")
    ended = codedeploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"].get("errorInformation", {})
    target = codedeploy.get_deployment_target(
        deploymentId=deployment_id, targetId=f"{system.outputs('prd')['ApiFunctionName']}:live"
    )["deploymentTarget"]["lambdaTarget"]
    events = {event["lifecycleEventName"]: event["status"] for event in target["lifecycleEvents"]}
    return {**events, "end": ended.get("message", "")}


def deployments(system: System) -> list[str]:
    outputs = system.outputs("prd")
    group = {
        "applicationName": outputs["DeploymentApplication"],
        "deploymentGroupName": outputs["DeploymentGroup"],
    }
    return list(system.engine.client("codedeploy").list_deployments(**group)["deployments"])


def told(system: System, deployment_id: str) -> str:
    """What the hook says of a deployment in its log, once it is there."""
    logs = system.engine.client("logs")

    def found() -> str:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{NAME}-pre-traffic")["events"]
        said = [event["message"] for event in events]
        return next((one for one in said if "rolled back" in one and f"check-{deployment_id}-" in one), "")

    return str(eventually(found))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # The fault makes an answer 300 ms slower, wherever it runs.
        ({"Fault": "slow", "MaxLatencyInMilliseconds": "250"}, "the slowest of 10; canary.max_latency_ms is 250"),
        ({"Fault": "extra"}, "-version-0: 2 answers to 1 rows"),
        ({"Fault": "garbled"}, "-version-0: answered 'often', which is no number"),
    ],
    ids=["slow", "extra", "garbled"],
)
def test_it_is_refused_in_words_before_its_traffic_begins(system: System, changes: dict[str, str], words: str) -> None:
    url, serving = system.api_url(), system.outputs("prd")["EndpointName"]
    # No client asks meanwhile, or the narrow limit would raise the API's own alarm on a busy machine. What was asked while
    # the system started may have raised one, and then CodeDeploy begins nothing.
    for _ in range(TRIES):
        known = set(deployments(system))
        assert deploy(system, **changes) == "UPDATE_ROLLBACK_COMPLETE"
        # The stack may have gone back by a deployment of its own.
        refused = [one for one in deployments(system) if one not in known][-1]
        statuses = lifecycle(system, refused)
        if "alarm" not in statuses["end"]:
            break
    answer = system.ask(url)
    assert (answer.status, answer.endpoint) == (200, serving)
    assert statuses["BeforeAllowTraffic"] == "Failed", statuses
    assert statuses["AllowTraffic"] in ("Pending", "Skipped"), statuses
    assert words in told(system, refused)


def test_a_version_without_a_fault_is_taken_over_and_its_checks_are_captured(system: System) -> None:
    known = set(deployments(system))
    assert deploy(system, ReleaseName=f"{NAME}-well-prd") == "UPDATE_COMPLETE"
    [made] = [one for one in deployments(system) if one not in known]
    s3 = system.engine.client("s3")
    listed = s3.list_objects_v2(Bucket=system.bucket, Prefix=f"{NAME}/capture/{NAME}-well-prd/")["Contents"]
    text = "".join(s3.get_object(Bucket=system.bucket, Key=one["Key"])["Body"].read().decode() for one in listed)
    assert [text.count(f'"check-{made}-{asked}-') for asked in ("version", "alias")] == [11, 10]
