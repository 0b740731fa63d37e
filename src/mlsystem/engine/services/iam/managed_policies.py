"""The policies of AWS that roles may be given here, with the documents that AWS publishes.

These are what the SAM transform attaches and what administrators use; any other is refused by name when it is attached, as a role whose
policy nobody can read could be held to nothing.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from mlsystem.engine.decide.errors import NotImplementedHere

LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
TRACES = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
]
DEPLOYMENTS = [
    "cloudwatch:DescribeAlarms",
    "lambda:UpdateAlias",
    "lambda:GetAlias",
    "lambda:GetProvisionedConcurrencyConfig",
    "sns:Publish",
]
REVISIONS = ["s3:GetObject", "s3:GetObjectVersion"]
MARKED = {"StringEquals": {"s3:ExistingObjectTag/UseWithCodeDeploy": "true"}}
VOLUMES = [
    "elasticfilesystem:ClientMount",
    "elasticfilesystem:ClientWrite",
    "elasticfilesystem:DescribeMountTargets",
]


def _allow(actions: object, resource: str = "*", **members: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **members}


STATEMENTS: Mapping[str, list[dict[str, object]]] = {
    "AdministratorAccess": [_allow("*")],
    "service-role/AWSLambdaBasicExecutionRole": [_allow(LOGS)],
    "service-role/AWSLambdaVPCAccessExecutionRole": [_allow([*LOGS, *INTERFACES])],
    "AWSXRayDaemonWriteAccess": [_allow(TRACES)],
    "AWSXrayWriteOnlyAccess": [_allow(TRACES)],
    "AmazonElasticFileSystemClientReadWriteAccess": [_allow(VOLUMES)],
    "service-role/AWSCodeDeployRoleForLambda": [
        _allow(DEPLOYMENTS),
        _allow(REVISIONS, "arn:aws:s3:::*/CodeDeploy/*"),
        _allow(REVISIONS, Condition=MARKED),
        _allow("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:CodeDeployHook_*"),
    ],
}


def managed_policy(arn: str) -> str:
    """The document of a policy, as JSON text. Raises NotImplementedHere, with those that are known."""
    found = STATEMENTS.get(arn.partition(":policy/")[2])
    if found is None:
        known = ", ".join(sorted(STATEMENTS))
        raise NotImplementedHere(f"the managed policy {arn}", f"put what it allows inline; known are {known}")
    return json.dumps({"Version": "2012-10-17", "Statement": found})
