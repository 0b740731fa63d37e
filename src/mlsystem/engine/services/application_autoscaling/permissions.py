"""What Application Auto Scaling's operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.permission import ANY, Asked, Permissions, given, on
from mlsystem.engine.services.application_autoscaling.target import Target, target_key

KEYS = {
    "application-autoscaling:service-namespace": "ServiceNamespace",
    "application-autoscaling:scalable-dimension": "ScalableDimension",
}


def target(asked: Asked) -> Iterator[str]:
    """A target's ARN has an id, which what is not registered yet lacks."""
    known = asked.tx.get(Target, target_key(asked.request["ResourceId"], asked.request["ScalableDimension"]))
    yield known.arn if known else asked.scope.arn("application-autoscaling", f"scalable-target/{ANY}")


def endpoint(asked: Asked) -> Iterator[str]:
    """endpoint/NAME/variant/NAME"""
    name = "/".join(asked.request["ResourceId"].split("/")[:2])
    yield asked.scope.arn("sagemaker", name)


PERMISSIONS = Permissions(
    "application-autoscaling",
    {
        # What is scaled must be in reach of whoever has it scaled.
        "RegisterScalableTarget": [
            on(target, keys=KEYS),
            given("Tags", on(target, action="TagResource")),
            on(endpoint, action="sagemaker:DescribeEndpoint"),
            on(endpoint, action="sagemaker:UpdateEndpointWeightsAndCapacities"),
        ],
        "DeregisterScalableTarget": [on(target, keys=KEYS)],
        "DescribeScalableTargets": [on(ANY, keys=KEYS)],
        "PutScalingPolicy": [on(target, keys=KEYS)],
        "DeleteScalingPolicy": [on(target, keys=KEYS)],
        "DescribeScalingPolicies": [on(ANY, keys=KEYS)],
        "DescribeScalingActivities": [on(ANY, keys=KEYS)],
        "PutScheduledAction": [on(target, keys=KEYS)],
        "DeleteScheduledAction": [on(target, keys=KEYS)],
        "DescribeScheduledActions": [on(ANY, keys=KEYS)],
        "ListTagsForResource": [on("${ResourceARN}")],
        "TagResource": [on("${ResourceARN}")],
        "UntagResource": [on("${ResourceARN}")],
    },
)
