"""What Lambda's operations ask. Those on aliases and versions ask for the function, only Invoke and permissions for what is qualified.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Asked, Permissions, Requirement, ResourcePolicies, given, on, passes
from mlsystem.engine.services.lambda_.names import function_arn, function_name
from mlsystem.engine.services.lambda_.policies import PolicyRecord
from mlsystem.engine.store.database import Transaction

RESOURCE = "${Resource}"
ROLE = passes("Role", "lambda.amazonaws.com")
IMAGE_ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def function(asked: Asked) -> Iterator[str]:
    yield function_arn(asked.scope, function_name(asked.request).name)


def qualified(asked: Asked) -> Iterator[str]:
    name = function_name(asked.request)
    yield function_arn(asked.scope, name.name, name.qualifier)


def image(asked: Asked) -> Iterator[Requirement]:
    """Lambda reads the image with the rights of whoever makes the function.

    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions
    """
    for uri in (*asked.values("Code.ImageUri"), *asked.values("ImageUri")):
        repository = uri.partition("/")[2].partition("@")[0].partition(":")[0]
        for action in IMAGE_ACTIONS:
            yield Requirement(action, asked.scope.arn("ecr", f"repository/{repository}"))


# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
NETWORK = given(
    "VpcConfig.SubnetIds",
    on(ANY, action="ec2:DescribeSecurityGroups"),
    on(ANY, action="ec2:DescribeSubnets"),
    on(ANY, action="ec2:DescribeVpcs"),
)
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-filesystem.html
VOLUME = given("FileSystemConfigs", on(ANY, action="elasticfilesystem:DescribeMountTargets"))


def policy_of(tx: Transaction, scope: Scope, target: str) -> str:
    """Of exactly what is named: a permission for an alias is none for the function."""
    record = tx.get(PolicyRecord, target)
    return json.dumps(record.document) if record and record.statements else ""


PERMISSIONS = Permissions(
    "lambda",
    {
        # functions
        "CreateFunction": [
            on(function),
            given("Tags", on(function, action="TagResource")),
            ROLE,
            image,
            NETWORK,
            VOLUME,
        ],
        "DeleteFunction": [on(function)],
        "GetFunction": [on(function)],
        "GetFunctionConfiguration": [on(function)],
        "ListFunctions": [on(ANY)],
        "UpdateFunctionCode": [on(function), image],
        "UpdateFunctionConfiguration": [on(function), ROLE, NETWORK, VOLUME],
        "Invoke": [on(qualified, action="InvokeFunction")],
        # versions and aliases
        "PublishVersion": [on(function)],
        "ListVersionsByFunction": [on(function)],
        "CreateAlias": [on(function)],
        "DeleteAlias": [on(function)],
        "GetAlias": [on(function)],
        "ListAliases": [on(function)],
        "UpdateAlias": [on(function)],
        # settings
        "GetFunctionConcurrency": [on(function)],
        "PutFunctionConcurrency": [on(function)],
        "DeleteFunctionConcurrency": [on(function)],
        "GetFunctionEventInvokeConfig": [on(function)],
        "PutFunctionEventInvokeConfig": [on(function)],
        "UpdateFunctionEventInvokeConfig": [on(function)],
        "ListFunctionEventInvokeConfigs": [on(function)],
        "DeleteFunctionEventInvokeConfig": [on(function)],
        # who may invoke
        "AddPermission": [on(qualified, keys={"lambda:Principal": "Principal"})],
        "RemovePermission": [on(qualified)],
        "GetPolicy": [on(function)],
        # tags
        "ListTags": [on(RESOURCE)],
        "TagResource": [on(RESOURCE)],
        "UntagResource": [on(RESOURCE)],
    },
    ResourcePolicies(PolicyRecord, lambda arn: arn.partition(":function:")[2], policy_of),
)
