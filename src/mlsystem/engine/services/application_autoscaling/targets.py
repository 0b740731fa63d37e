"""Scalable targets: the operations.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.decide.scaling import Tracking
from mlsystem.engine.decide.scaling.policy import VARIANT
from mlsystem.engine.services.application_autoscaling.notices import deregistered
from mlsystem.engine.services.application_autoscaling.policies import Policies
from mlsystem.engine.services.application_autoscaling.scaling import Scaling
from mlsystem.engine.services.application_autoscaling.scope import all_of, check_scope
from mlsystem.engine.services.application_autoscaling.target import Target, TargetState, target_key
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import (
        DeregisterScalableTargetRequestTypeDef,
        DescribeScalableTargetsRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        RegisterScalableTargetRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

ROLE = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
ROLE_NAME = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


class Targets(Part):
    """Register, describe, deregister."""

    def __init__(self, house: House, scaling: Scaling, policies: Policies):
        self._house = house
        self._scaling = scaling
        self._policies = policies

    @operation(
        "RegisterScalableTarget",
        accepts="ServiceNamespace ResourceId ScalableDimension MinCapacity MaxCapacity RoleARN SuspendedState Tags",
    )
    def register_target(self, request: RegisterScalableTargetRequestTypeDef, call: Call) -> Mapping[str, object]:
        if request["ServiceNamespace"] != "sagemaker" or not VARIANT.fullmatch(request["ResourceId"]):
            raise NotImplementedHere(
                f"scaling of {request['ServiceNamespace']} {request['ResourceId']}", "endpoint/NAME/variant/NAME is"
            )
        key = target_key(request["ResourceId"], request["ScalableDimension"])
        known = call.tx.get(Target, key)
        for member, old in (
            ("MinCapacity", known and known.min_capacity),
            ("MaxCapacity", known and known.max_capacity),
        ):
            if member not in request and old is None:
                raise AwsError("ValidationException", f"{member} is required for a new scalable target.")
        target = known.changed(**_changes(request)) if known else self._new(request, key)
        _ = target.bounds  # refuses bounds that contradict each other
        written = call.tx.put(target)
        self._scaling.fit(call.tx, written)
        return {"ScalableTargetARN": target.arn}

    def _new(self, request: RegisterScalableTargetRequestTypeDef, key: str) -> Target:
        role = self._house.scope.global_arn("iam", f"role/{ROLE}{ROLE_NAME}")
        return Target(
            key=key,
            state=TargetState.IDLE,
            arn=self._house.scope.arn("application-autoscaling", f"scalable-target/{self._house.new_id(28)}"),
            resource_id=request["ResourceId"],
            dimension=request["ScalableDimension"],
            role_arn=request.get("RoleARN", role),
            min_capacity=request["MinCapacity"],
            max_capacity=request["MaxCapacity"],
            suspended=dict(request.get("SuspendedState", {})),
            tracking=Tracking(capacity=self._scaling.capacity_of(request["ResourceId"])),
            tags=dict(request.get("Tags", {})),
        )

    @operation("ListTagsForResource", accepts="ResourceARN")
    def list_tags(self, request: ListTagsForResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        return {"Tags": _by_arn(call.tx, request["ResourceARN"]).tags}

    @operation("TagResource", accepts="ResourceARN Tags")
    def tag(self, request: TagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        target = _by_arn(call.tx, request["ResourceARN"])
        call.tx.put(target.changed(tags={**target.tags, **request["Tags"]}))
        return {}

    @operation("UntagResource", accepts="ResourceARN TagKeys")
    def untag(self, request: UntagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        target = _by_arn(call.tx, request["ResourceARN"])
        kept = {key: value for key, value in target.tags.items() if key not in request["TagKeys"]}
        call.tx.put(target.changed(tags=kept))
        return {}

    @operation("DescribeScalableTargets", accepts="ServiceNamespace ResourceIds ScalableDimension MaxResults NextToken")
    def describe(self, request: DescribeScalableTargetsRequestTypeDef, call: Call) -> Mapping[str, object]:
        wanted = request.get("ResourceIds")
        check_scope(request, wanted)
        found = [one for one in all_of(call.tx, Target, request) if wanted is None or one.resource_id in wanted]
        return Paging(50).page(found, request, "ScalableTargets", by_creation, _described)

    @operation("DeregisterScalableTarget", accepts="ServiceNamespace ResourceId ScalableDimension")
    def deregister(self, request: DeregisterScalableTargetRequestTypeDef, call: Call) -> Mapping[str, object]:
        target = find_target(call.tx, request)
        self._policies.remove_all(call.tx, target)
        call.tx.remove(Target, target.key)
        self._house.worker.notify(call.tx, target.kind, target.key, deregistered(target.key))
        return {}


def _by_arn(tx: Transaction, arn: str) -> Target:
    """Raises AwsError(ResourceNotFoundException)."""
    found = next((target for target in tx.each(Target) if target.arn == arn), None)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"There is no scalable target {arn}.")
    return found


def find_target(tx: Transaction, request: Mapping[str, Any]) -> Target:
    """Raises AwsError(ObjectNotFoundException)."""
    target = tx.get(Target, target_key(request["ResourceId"], request["ScalableDimension"]))
    if target is None:
        raise AwsError(
            "ObjectNotFoundException",
            f"No scalable target found for service namespace: {request['ServiceNamespace']}, "
            f"resource ID: {request['ResourceId']}, scalable dimension: {request['ScalableDimension']}",
        )
    return target


def _changes(request: RegisterScalableTargetRequestTypeDef) -> dict[str, Any]:
    given: Mapping[str, Any] = request
    names = {
        "MinCapacity": "min_capacity",
        "MaxCapacity": "max_capacity",
        "SuspendedState": "suspended",
        "RoleARN": "role_arn",
        "Tags": "tags",
    }
    return {name: given[member] for member, name in names.items() if member in given}


def _described(target: Target) -> dict[str, object]:
    flags = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": target.resource_id,
        "ScalableDimension": target.dimension,
        "MinCapacity": target.min_capacity,
        "MaxCapacity": target.max_capacity,
        "RoleARN": target.role_arn,
        "CreationTime": datetime.fromtimestamp(target.created_at, UTC),
        "SuspendedState": {**dict.fromkeys(flags, False), **target.suspended},
        "ScalableTargetARN": target.arn,
    }
