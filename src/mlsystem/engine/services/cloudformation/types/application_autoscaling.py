"""AWS::ApplicationAutoScaling::ScalableTarget, AWS::ApplicationAutoScaling::ScalingPolicy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site

SERVICE = "application-autoscaling"
TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def _target_id(_answer: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """`resource|dimension|namespace`, as CloudFormation names a target."""
    return f"{request['ResourceId']}|{request['ScalableDimension']}|{request['ServiceNamespace']}"


def _register(site: Site, _target: str, _old: Properties, new: Properties) -> None:
    site.call(SERVICE, "RegisterScalableTarget", coerced(SERVICE, "RegisterScalableTarget", dict(new)))


SCALABLE_TARGET = ApiType(
    name="AWS::ApplicationAutoScaling::ScalableTarget",
    service=SERVICE,
    create_operation="RegisterScalableTarget",
    delete_operation="DeregisterScalableTarget",
    properties=frozenset({"MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState", *TARGET}),
    required=frozenset({"MinCapacity", "MaxCapacity", *TARGET}),
    attributes=frozenset({"Id"}),
    immutable=frozenset(TARGET),
    identify=_target_id,
    describe=lambda _site, target: {"Id": target},
    delete_request=lambda target, _properties: dict(
        zip(("ResourceId", "ScalableDimension", "ServiceNamespace"), target.split("|"), strict=True)
    ),
    change=_register,
)


def _policy_arguments(_site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    """A policy names its target by its id, or by its three members."""
    given = dict(properties)
    target = given.pop("ScalingTargetId", None)
    if target is not None:
        given["ResourceId"], given["ScalableDimension"], given["ServiceNamespace"] = str(target).split("|")
    return given


def _put_policy(site: Site, _arn: str, _old: Properties, new: Properties) -> None:
    request = _policy_arguments(site, dict(new))
    site.call(SERVICE, "PutScalingPolicy", coerced(SERVICE, "PutScalingPolicy", request))


def _delete_policy(_arn: str, properties: Properties) -> dict[str, Any]:
    given = dict(properties)
    target = given.get("ScalingTargetId")
    names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
    place = dict(zip(names, str(target).split("|"), strict=True)) if target else {name: given[name] for name in names}
    return {"PolicyName": given["PolicyName"], **place}


SCALING_POLICY = ApiType(
    name="AWS::ApplicationAutoScaling::ScalingPolicy",
    service=SERVICE,
    create_operation="PutScalingPolicy",
    delete_operation="DeleteScalingPolicy",
    properties=frozenset(
        {"PolicyName", "PolicyType", "ScalingTargetId", "TargetTrackingScalingPolicyConfiguration", *TARGET}
    ),
    required=frozenset({"PolicyName", "PolicyType"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"PolicyName", "ScalingTargetId", *TARGET}),
    arguments=_policy_arguments,
    identify=lambda answer, _request: str(answer["PolicyARN"]),
    describe=lambda _site, arn: {"Arn": arn},
    delete_request=_delete_policy,
    change=_put_policy,
)
