"""What CloudFormation's operations ask of their caller; what is in a template is asked of the stack's role.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, on, passes


def stack(asked: Asked) -> Iterator[str]:
    """The id where the request has one, else all ids of that name."""
    name = asked.request.get("StackName", ANY)
    yield name if name.startswith("arn:") else asked.scope.arn("cloudformation", f"stack/{name}/{ANY}")


def summarized(asked: Asked) -> Iterator[str]:
    """Of a template that is no stack's yet there is nothing to name."""
    yield from stack(asked) if asked.request.get("StackName") else (ANY,)


ROLE = passes("RoleARN", "cloudformation.amazonaws.com")
KEYS = {
    "cloudformation:RoleArn": "RoleARN",
    "cloudformation:TemplateUrl": "TemplateURL",
}
SET_KEYS = {**KEYS, "cloudformation:ChangeSetName": "ChangeSetName"}

PERMISSIONS = Permissions(
    "cloudformation",
    {
        "CreateStack": [on(stack, keys=KEYS), ROLE],
        "UpdateStack": [on(stack, keys=KEYS), ROLE],
        "DeleteStack": [on(stack, keys=KEYS), ROLE],
        "CancelUpdateStack": [on(stack)],
        "ContinueUpdateRollback": [on(stack, keys=KEYS), ROLE],
        "CreateChangeSet": [on(stack, keys=SET_KEYS), ROLE],
        "DeleteChangeSet": [on(stack, keys=SET_KEYS)],
        "DescribeChangeSet": [on(stack, keys=SET_KEYS)],
        "ExecuteChangeSet": [on(stack, keys=SET_KEYS)],
        "ListChangeSets": [on(stack)],
        "UpdateTerminationProtection": [on(stack)],
        "DescribeStackEvents": [on(stack)],
        "DescribeStackResource": [on(stack)],
        "DescribeStackResources": [on(stack)],
        "DescribeStacks": [on(stack)],
        "GetTemplate": [on(stack)],
        "GetTemplateSummary": [on(summarized)],
        "ListExports": [on(ANY)],
        "ListImports": [on(ANY)],
        "ListStackResources": [on(stack)],
        "ListStacks": [on(ANY)],
        "ValidateTemplate": [on(ANY)],
    },
)
