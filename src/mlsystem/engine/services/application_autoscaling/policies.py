"""Target tracking policies: the operations, and the two alarms that each has.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.alarm import AlarmRule
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.decide.scaling import TargetTrackingPolicy, alarm_name, high_alarm, low_alarm, read_policy
from mlsystem.engine.services.application_autoscaling.scaling import Scaling
from mlsystem.engine.services.application_autoscaling.scope import all_of, check_scope, parent_prefix
from mlsystem.engine.services.application_autoscaling.target import Policy, Target, target_key
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import (
        DeleteScalingPolicyRequestTypeDef,
        DescribeScalingPoliciesRequestTypeDef,
        PutScalingPolicyRequestTypeDef,
    )

ACCEPTED = """PolicyName ServiceNamespace ResourceId ScalableDimension PolicyType
    TargetTrackingScalingPolicyConfiguration"""


class Policies(Part):
    """Put, describe, delete."""

    def __init__(self, house: House, scaling: Scaling):
        self._house = house
        self._scaling = scaling

    @operation("PutScalingPolicy", accepts=ACCEPTED)
    def put(self, request: PutScalingPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        if request.get("PolicyType", "TargetTrackingScaling") != "TargetTrackingScaling":
            raise NotImplementedHere(f"a scaling policy of the type {request.get('PolicyType')}")
        if "TargetTrackingScalingPolicyConfiguration" not in request:
            raise AwsError("ValidationException", "TargetTrackingScalingPolicyConfiguration is required.")
        configuration: dict[str, Any] = dict(request["TargetTrackingScalingPolicyConfiguration"])
        target = call.tx.get(Target, target_key(request["ResourceId"], request["ScalableDimension"]))
        if target is None:
            raise AwsError("ObjectNotFoundException", f"No scalable target is registered for {request['ResourceId']}.")
        rules = read_policy(request["PolicyName"], target.resource_id, configuration)
        known = _find(call.tx, target.key, request["PolicyName"])
        policy = known or Policy(key=self._arn(target, request["PolicyName"]), parent=target.key, name=rules.name)
        alarms = self._put_alarms(policy, target, rules)
        self._delete_alarms(set(policy.alarms) - set(alarms))
        written = call.tx.put(policy.changed(configuration=configuration, alarms=alarms))
        return {"PolicyARN": written.key, "Alarms": self._described_alarms(written)}

    @operation(
        "DescribeScalingPolicies",
        accepts="PolicyNames ServiceNamespace ResourceId ScalableDimension MaxResults NextToken",
    )
    def describe(self, request: DescribeScalingPoliciesRequestTypeDef, call: Call) -> Mapping[str, object]:
        names = request.get("PolicyNames")
        check_scope(request, request.get("ResourceId"))
        found = [
            policy
            for policy in all_of(call.tx, Policy, request)
            if (names is None or policy.name in names) and policy.parent.startswith(parent_prefix(request))
        ]
        return Paging(50).page(found, request, "ScalingPolicies", by_creation, self._described)

    @operation("DeleteScalingPolicy", accepts="PolicyName ServiceNamespace ResourceId ScalableDimension")
    def delete(self, request: DeleteScalingPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        key = target_key(request["ResourceId"], request["ScalableDimension"])
        policy = _find(call.tx, key, request["PolicyName"])
        if policy is None:
            raise AwsError(
                "ObjectNotFoundException", f"No scaling policy {request['PolicyName']} of {request['ResourceId']}."
            )
        self._remove(call.tx, policy)
        return {}

    def remove_all(self, tx: Transaction, target: Target) -> None:
        """With a target go its policies."""
        for policy in tx.all(Policy, parent=target.key):
            self._remove(tx, policy)

    def _remove(self, tx: Transaction, policy: Policy) -> None:
        self._delete_alarms(set(policy.alarms))
        tx.remove(Policy, policy.key)

    # ------------------------------------------------------------------ alarms
    def _put_alarms(self, policy: Policy, target: Target, rules: TargetTrackingPolicy) -> tuple[str, ...]:
        unique = policy.key.split(":")[6]
        sides = {"High": high_alarm(rules), **({} if rules.disables_scale_in else {"Low": low_alarm(rules)})}
        names = []
        for side, rule in sides.items():
            name = alarm_name(target.resource_id, side, unique)
            self._house.call("cloudwatch", "PutMetricAlarm", _alarm(name, policy.key, rules, rule))
            names.append(name)
        return tuple(names)

    def _delete_alarms(self, names: set[str]) -> None:
        for name in sorted(names):
            try:
                self._house.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [name]})
            except AwsError as error:
                if error.code != "ResourceNotFound":
                    raise

    # ------------------------------------------------------------------ descriptions
    def _arn(self, target: Target, name: str) -> str:
        resource = f"resource/sagemaker/{target.resource_id}"
        return self._house.scope.arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:{resource}:policyName/{name}")

    def _described_alarms(self, policy: Policy) -> list[dict[str, str]]:
        return [
            {"AlarmName": name, "AlarmARN": self._house.scope.arn("cloudwatch", f"alarm:{name}")}
            for name in policy.alarms
        ]

    def _described(self, policy: Policy) -> dict[str, object]:
        resource_id, _, dimension = policy.parent.partition("|")
        return {
            "PolicyARN": policy.key,
            "PolicyName": policy.name,
            "ServiceNamespace": "sagemaker",
            "ResourceId": resource_id,
            "ScalableDimension": dimension,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": policy.configuration,
            "Alarms": self._described_alarms(policy),
            "CreationTime": datetime.fromtimestamp(policy.created_at, UTC),
        }


def _find(tx: Transaction, parent: str, name: str) -> Policy | None:
    return next((policy for policy in tx.all(Policy, parent=parent) if policy.name == name), None)


def _alarm(name: str, policy_arn: str, rules: TargetTrackingPolicy, rule: AlarmRule) -> dict[str, Any]:
    """PutMetricAlarm's request."""
    metric = rules.metric
    return {
        "AlarmName": name,
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
        "AlarmActions": [policy_arn],
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in metric.dimensions],
        "Statistic": metric.statistic,
        "ComparisonOperator": rule.comparison,
        "Threshold": rule.threshold,
        "Period": int(rule.period),
        "EvaluationPeriods": rule.evaluation_periods,
        "DatapointsToAlarm": rule.datapoints_to_alarm,
        **({"Unit": metric.unit} if metric.unit else {}),
    }
