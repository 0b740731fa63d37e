"""AWS::ApplicationAutoScaling::ScalableTarget and AWS::ApplicationAutoScaling::ScalingPolicy."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.tags import tag_map, tagged

SERVICE = "application-autoscaling"
SCHEDULED = "ScheduledActions"
OF_TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def _target_of(target_id: str) -> dict[str, str]:
    """Ref of a target is `resource|dimension|namespace`, and so is a policy's ScalingTargetId."""
    return dict(zip(OF_TARGET, target_id.split("|"), strict=True))


# ------------------------------------------------------------------ targets
def _target(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return tagged(_registration(properties), "Tags", tag_map(site, properties))


def _registration(properties: Properties) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in (SCHEDULED, "Tags")}


def _begin_schedule(site: Site, target_id: str, properties: Properties) -> None:
    """A target whose actions are refused is none, so that nothing is left of it."""
    try:
        _schedule(site, target_id, {}, properties)
    except AwsError:
        site.call(SERVICE, "DeregisterScalableTarget", _target_of(target_id))
        raise


def _change_target(site: Site, target_id: str, old: Properties, new: Properties) -> None:
    site.call(SERVICE, "RegisterScalableTarget", coerced(SERVICE, "RegisterScalableTarget", _registration(new)))
    _schedule(site, target_id, old, new)


def _schedule(site: Site, target_id: str, old: Properties, new: Properties) -> None:
    """From the scheduled actions that the target has to those that it is to have. What is not changed is left alone."""
    had, wanted = _actions(old), _actions(new)
    for name in had.keys() - wanted.keys():
        try:
            site.call(SERVICE, "DeleteScheduledAction", {"ScheduledActionName": name, **_target_of(target_id)})
        except AwsError as error:
            if not is_gone(error):
                raise
    for name, action in wanted.items():
        if action != had.get(name):
            request = {"Timezone": "UTC", **action, **_target_of(target_id)}
            site.call(SERVICE, "PutScheduledAction", coerced(SERVICE, "PutScheduledAction", request))


def _actions(properties: Properties) -> dict[str, dict[str, Any]]:
    return {action["ScheduledActionName"]: dict(action) for action in properties.get(SCHEDULED, ())}


SCALABLE_TARGET = ApiType(
    name="AWS::ApplicationAutoScaling::ScalableTarget",
    service=SERVICE,
    create_operation="RegisterScalableTarget",
    delete_operation="DeregisterScalableTarget",
    properties=frozenset({*OF_TARGET, "MinCapacity", "MaxCapacity", "RoleARN", "SuspendedState", "Tags", SCHEDULED}),
    required=frozenset({*OF_TARGET, "MinCapacity", "MaxCapacity"}),
    attributes=frozenset({"Id"}),
    immutable=frozenset(OF_TARGET),
    arguments=_target,
    identify=lambda _answer, request: "|".join(str(request[name]) for name in OF_TARGET),
    describe=lambda _site, target_id: {"Id": target_id},
    delete_request=lambda target_id, _properties: _target_of(target_id),
    change=_change_target,
    finish=_begin_schedule,
)


# ------------------------------------------------------------------ policies
def _policy(_site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = dict(properties)
    target = request.pop("ScalingTargetId", None)
    return {**request, **_target_of(target)} if target else request


def _change_policy(site: Site, arn: str, old: Properties, new: Properties) -> None:
    request = coerced(SERVICE, "PutScalingPolicy", _policy(site, dict(new)))
    site.call(SERVICE, "PutScalingPolicy", request)


def _delete_policy(arn: str, properties: Properties) -> dict[str, Any]:
    of_target = {name: properties[name] for name in OF_TARGET if name in properties}
    target = _target_of(properties["ScalingTargetId"]) if "ScalingTargetId" in properties else of_target
    return {"PolicyName": properties["PolicyName"], **target}


SCALING_POLICY = ApiType(
    name="AWS::ApplicationAutoScaling::ScalingPolicy",
    service=SERVICE,
    create_operation="PutScalingPolicy",
    delete_operation="DeleteScalingPolicy",
    properties=frozenset(
        {"PolicyName", "PolicyType", "ScalingTargetId", "TargetTrackingScalingPolicyConfiguration"}
        | {"StepScalingPolicyConfiguration", *OF_TARGET}
    ),
    required=frozenset({"PolicyName", "PolicyType"}),
    attributes=frozenset({"Arn", "PolicyName"}),
    immutable=frozenset({"PolicyName", "ScalingTargetId", *OF_TARGET}),
    arguments=_policy,
    identify=lambda answer, _request: str(answer["PolicyARN"]),
    describe=lambda _site, arn: {"Arn": arn, "PolicyName": arn.rsplit("policyName/", 1)[-1]},
    delete_request=_delete_policy,
    change=_change_policy,
)
