"""What CloudWatch Logs' operations ask.

The ARN of a group in a request ends with `:log-stream:`, so that policies name groups with `:*` behind them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Asked, Permissions, given, on

ROOT = "arn:${Partition}:logs:${Region}:${Account}:log-group:"


def group(asked: Asked) -> tuple[str, ...]:
    """Named by its name or, in newer operations, by its ARN."""
    identifier = asked.request.get("logGroupIdentifier") or asked.request.get("resourceArn")
    name = identifier.rpartition(":log-group:")[2].removesuffix(":*") if identifier else "${logGroupName}"
    return asked.arns(f"{ROOT}{name}:log-stream:")


def stream(asked: Asked) -> tuple[str, ...]:
    return tuple(f"{arn}{name}" for arn in group(asked) for name in asked.values("logStreamName"))


PERMISSIONS = Permissions(
    "logs",
    {
        "CreateLogGroup": [on(group), given("tags", on(group, action="TagResource"))],
        "DeleteLogGroup": [on(group)],
        "DescribeLogGroups": [on(ANY)],
        "PutRetentionPolicy": [on(group)],
        "DeleteRetentionPolicy": [on(group)],
        "TagResource": [on(group)],
        "UntagResource": [on(group)],
        "ListTagsForResource": [on(group)],
        "TagLogGroup": [on(group)],
        "UntagLogGroup": [on(group)],
        "ListTagsLogGroup": [on(group)],
        "PutMetricFilter": [on(group)],
        "DescribeMetricFilters": [on(group)],
        "DeleteMetricFilter": [on(group)],
        "TestMetricFilter": [on(ANY)],
        "CreateLogStream": [on(stream)],
        "DeleteLogStream": [on(stream)],
        "DescribeLogStreams": [on(group)],
        "PutLogEvents": [on(stream)],
        "GetLogEvents": [on(stream)],
        "FilterLogEvents": [on(group)],
    },
)
