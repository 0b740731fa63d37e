"""What Step Functions' operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Permissions, given, on, passes

MACHINE = "arn:${Partition}:states:${Region}:${Account}:stateMachine:${name}"
ACTIVITY = "arn:${Partition}:states:${Region}:${Account}:activity:${name}"
ROLE = passes("roleArn", "states.amazonaws.com")

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
