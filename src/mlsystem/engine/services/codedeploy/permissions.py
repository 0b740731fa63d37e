"""What CodeDeploy's operations ask.

https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, Resource, given, on, passes
from mlsystem.engine.services.codedeploy.deployment import DeploymentRecord

ROOT = "arn:${Partition}:codedeploy:${Region}:${Account}:"
APPLICATION = ROOT + "application:${applicationName}"
GROUP = ROOT + "deploymentgroup:${applicationName}/${deploymentGroupName}"
CONFIG = ROOT + "deploymentconfig:${deploymentConfigName}"
ROLE = passes("serviceRoleArn", "codedeploy.amazonaws.com")


def group_of(member: str) -> Resource:
    """The groups of the deployments that a member names, each once: a deployment has no ARN."""

    def find(asked: Asked) -> Iterator[str]:
        groups = (asked.tx.parent_of(DeploymentRecord, name) for name in asked.values(member))
        for group in dict.fromkeys(ANY if group is None else group for group in groups):
            yield from asked.arns(f"{ROOT}deploymentgroup:{group}")

    return find


PERMISSIONS = Permissions(
    "codedeploy",
    {
        # applications
        "CreateApplication": [on(APPLICATION), given("tags", on(APPLICATION, action="TagResource"))],
        "UpdateApplication": [on(APPLICATION)],
        "DeleteApplication": [on(APPLICATION)],
        "GetApplication": [on(APPLICATION)],
        "BatchGetApplications": [on(ROOT + "application:${applicationNames}")],
        "ListApplications": [on(ANY)],
        # deployment groups
        "CreateDeploymentGroup": [on(GROUP), given("tags", on(GROUP, action="TagResource")), ROLE],
        "UpdateDeploymentGroup": [on(ROOT + "deploymentgroup:${applicationName}/${currentDeploymentGroupName}"), ROLE],
        "DeleteDeploymentGroup": [on(GROUP)],
        "GetDeploymentGroup": [on(GROUP)],
        "BatchGetDeploymentGroups": [on(ROOT + "deploymentgroup:${applicationName}/${deploymentGroupNames}")],
        "ListDeploymentGroups": [on(APPLICATION)],
        # configurations
        "CreateDeploymentConfig": [on(CONFIG)],
        "DeleteDeploymentConfig": [on(CONFIG)],
        "GetDeploymentConfig": [on(CONFIG)],
        "ListDeploymentConfigs": [on(ANY)],
        # deployments
        "CreateDeployment": [
            on(GROUP),
            on(CONFIG, action="GetDeploymentConfig"),
            on(APPLICATION, action="RegisterApplicationRevision"),
        ],
        "StopDeployment": [on(ANY)],
        "GetDeployment": [on(group_of("deploymentId"))],
        "BatchGetDeployments": [on(group_of("deploymentIds"))],
        "ListDeployments": [on(GROUP)],
        "GetDeploymentTarget": [on(ANY)],
        "BatchGetDeploymentTargets": [on(ANY)],
        "ListDeploymentTargets": [on(ANY)],
        # The reference has no resource for it; SAM's own policies, and CDK's, allow it of the group.
        # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
        "PutLifecycleEventHookExecutionStatus": [on(group_of("deploymentId"))],
        # tags
        "ListTagsForResource": [on("${ResourceArn}")],
        "TagResource": [on("${ResourceArn}")],
        "UntagResource": [on("${ResourceArn}")],
    },
)
