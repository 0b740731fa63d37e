"""Targets of rules. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_itself, by_member
from mlsystem.engine.decide.pattern.path import steps_of
from mlsystem.engine.runtime.event_target import check_target
from mlsystem.engine.services.events.rule import Rule, refuse_other_bus, transformer_of
from mlsystem.engine.services.events.rules import require_rule

if TYPE_CHECKING:
    from types_boto3_events.type_defs import (
        ListRuleNamesByTargetRequestTypeDef,
        ListTargetsByRuleRequestTypeDef,
        PutTargetsRequestTypeDef,
        RemoveTargetsRequestTypeDef,
    )

MEMBERS = {"Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "RetryPolicy"}
INPUTS = {"Input", "InputPath", "InputTransformer"}
MOST_TARGETS = 5

PAGES = Paging(100, "Limit")


class Targets(Part):
    """Put, remove, list."""

    def __init__(self, house: House):
        self._house = house

    @operation("PutTargets", accepts="Rule EventBusName Targets")
    def put(self, request: PutTargetsRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        rule = require_rule(call.tx, request["Rule"])
        targets = dict(rule.targets)
        for target in request["Targets"]:
            given: dict[str, Any] = dict(target)
            _check(given)
            targets[given["Id"]] = given
        if len(targets) > MOST_TARGETS:
            raise AwsError("LimitExceededException", f"A rule has at most {MOST_TARGETS} targets.")
        call.tx.put(rule.changed(targets=targets))
        return {"FailedEntryCount": 0, "FailedEntries": []}

    @operation("RemoveTargets", accepts="Rule EventBusName Ids Force")
    def remove(self, request: RemoveTargetsRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        rule = require_rule(call.tx, request["Rule"])
        kept = {name: target for name, target in rule.targets.items() if name not in request["Ids"]}
        call.tx.put(rule.changed(targets=kept))
        return {"FailedEntryCount": 0, "FailedEntries": []}

    @operation("ListTargetsByRule", accepts="Rule EventBusName NextToken Limit")
    def list_targets(self, request: ListTargetsByRuleRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        rule = require_rule(call.tx, request["Rule"])
        return PAGES.page([target for _, target in sorted(rule.targets.items())], request, "Targets", by_member("Id"))

    @operation("ListRuleNamesByTarget", accepts="TargetArn EventBusName NextToken Limit")
    def list_rules(self, request: ListRuleNamesByTargetRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        wanted = request["TargetArn"]
        names = [
            rule.key for rule in call.tx.all(Rule) if wanted in [target["Arn"] for target in rule.targets.values()]
        ]
        return PAGES.page(sorted(names), request, "RuleNames", by_itself)


def _check(target: Mapping[str, Any]) -> None:
    unknown = sorted(target.keys() - MEMBERS)
    if unknown:
        raise NotImplementedHere(f"events:PutTargets with {', '.join(unknown)}")
    if len(target.keys() & INPUTS) > 1:
        raise AwsError(
            "ValidationException",
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}.",
        )
    check_target(target["Arn"], target.get("RoleArn"))
    if "InputPath" in target:
        steps_of(target["InputPath"])
    if "InputTransformer" in target:
        transformer_of(target).check(target["Id"])
