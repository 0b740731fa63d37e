"""What Step Functions' operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, given, on, passes
from mlsystem.engine.services.stepfunctions.state_machine import unqualified

MACHINE = "arn:${Partition}:states:${Region}:${Account}:stateMachine:${name}"
ACTIVITY = "arn:${Partition}:states:${Region}:${Account}:activity:${name}"
ROLE = passes("roleArn", "states.amazonaws.com")


def new_alias(asked: Asked) -> Iterator[str]:
    """Its state machine is told by the versions that it routes to."""
    for version in asked.values("routingConfiguration.stateMachineVersionArn"):
        yield f"{unqualified(version)}:{asked.request['name']}"


PERMISSIONS = Permissions(
    "states",
    {
        # state machines
        "CreateStateMachine": [on(MACHINE), given("tags", on(MACHINE, action="TagResource")), ROLE],
        "UpdateStateMachine": [on("${stateMachineArn}"), ROLE],
        "DeleteStateMachine": [on("${stateMachineArn}")],
        "DescribeStateMachine": [on("${stateMachineArn}")],
        "DescribeStateMachineForExecution": [on("${executionArn}")],
        "ListStateMachines": [on(ANY)],
        "ValidateStateMachineDefinition": [on(ANY)],
        # versions and aliases
        "PublishStateMachineVersion": [on("${stateMachineArn}")],
        "ListStateMachineVersions": [on("${stateMachineArn}")],
        "DeleteStateMachineVersion": [on("${stateMachineVersionArn}")],
        "CreateStateMachineAlias": [on(new_alias)],
        "UpdateStateMachineAlias": [on("${stateMachineAliasArn}")],
        "DescribeStateMachineAlias": [on("${stateMachineAliasArn}")],
        "ListStateMachineAliases": [on("${stateMachineArn}")],
        "DeleteStateMachineAlias": [on("${stateMachineAliasArn}")],
        "TestState": [on(ANY), ROLE],
        # executions
        "StartExecution": [on("${stateMachineArn}")],
        "StopExecution": [on("${executionArn}")],
        "RedriveExecution": [on("${executionArn}")],
        "DescribeExecution": [on("${executionArn}")],
        "GetExecutionHistory": [on("${executionArn}")],
        "ListExecutions": [on("${stateMachineArn}")],
        # activities
        "CreateActivity": [on(ACTIVITY), given("tags", on(ACTIVITY, action="TagResource"))],
        "DescribeActivity": [on("${activityArn}")],
        "ListActivities": [on(ANY)],
        "DeleteActivity": [on("${activityArn}")],
        "GetActivityTask": [on("${activityArn}")],
        # tasks: a token tells nothing of its machine
        "SendTaskSuccess": [on(ANY)],
        "SendTaskFailure": [on(ANY)],
        "SendTaskHeartbeat": [on(ANY)],
        # tags
        "ListTagsForResource": [on("${resourceArn}")],
        "TagResource": [on("${resourceArn}")],
        "UntagResource": [on("${resourceArn}")],
    },
)
