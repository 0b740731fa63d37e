"""Rules: put, describe, list, enable, disable, delete, and tags. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_key
from mlsystem.engine.decide.pattern import read_pattern
from mlsystem.engine.decide.schedule import read_schedule
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.services.events.rule import BUS, Rule, RuleMachine, State, refuse_other_bus
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_events.type_defs import (
        DeleteRuleRequestTypeDef,
        DescribeRuleRequestTypeDef,
        DisableRuleRequestTypeDef,
        EnableRuleRequestTypeDef,
        ListRulesRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        PutRuleRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

PAGES = Paging(100, "Limit")


def require_rule(tx: Transaction, name: str) -> Rule:
    found = tx.get(Rule, name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {BUS}.")
    return found


class Rules(Part):
    """What a rule is; whom it tells is the business of the targets."""

    def __init__(self, house: House, machine: RuleMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    @operation("PutRule", accepts="Name ScheduleExpression EventPattern State Description RoleArn Tags EventBusName")
    def put(self, request: PutRuleRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        pattern, schedule = request.get("EventPattern", ""), request.get("ScheduleExpression", "")
        if not pattern and not schedule:
            raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
        if pattern:
            read_pattern(pattern)
        if schedule:
            read_schedule(schedule, has_at=False)
        name = request["Name"]
        found = call.tx.get(Rule, name) or Rule(key=name, arn=self._house.scope.arn("events", f"rule/{name}"))
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        rule = found.changed(
            state=request.get("State", State.ENABLED),
            pattern=pattern,
            schedule=schedule,
            description=request.get("Description", ""),
            role_arn=request.get("RoleArn", ""),
            tags={**found.tags, **tags},
        )
        self._set(call.tx, rule)
        return {"RuleArn": rule.arn}

    def _set(self, tx: Transaction, rule: Rule) -> None:
        tx.put(rule)
        self._house.worker.send(tx, Rule, rule.key, Event("set"))

    @operation("EnableRule", accepts="Name EventBusName")
    def enable(self, request: EnableRuleRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        self._set(call.tx, require_rule(call.tx, request["Name"]).changed(state=State.ENABLED))
        return {}

    @operation("DisableRule", accepts="Name EventBusName")
    def disable(self, request: DisableRuleRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        self._set(call.tx, require_rule(call.tx, request["Name"]).changed(state=State.DISABLED))
        return {}

    @operation("DescribeRule", accepts="Name EventBusName")
    def describe(self, request: DescribeRuleRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        return {**_description(require_rule(call.tx, request["Name"])), "CreatedBy": self._house.scope.account}

    @operation("ListRules", accepts="NamePrefix EventBusName NextToken Limit")
    def list_rules(self, request: ListRulesRequestTypeDef, call: Call) -> Mapping[str, object]:
        refuse_other_bus(request)
        found = call.tx.all(Rule, prefix=request.get("NamePrefix", ""))
        return PAGES.page(sorted(found, key=by_key), request, "Rules", by_key, _description)

    @operation("DeleteRule", accepts="Name EventBusName Force")
    def delete(self, request: DeleteRuleRequestTypeDef, call: Call) -> Mapping[str, object]:
        """A rule that is gone already is no error."""
        refuse_other_bus(request)
        found = call.tx.get(Rule, request["Name"])
        if found is not None and found.targets:
            raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
        call.tx.remove(Rule, request["Name"])
        return {}

    # ------------------------------------------------------------------ tags
    @operation("TagResource", accepts="ResourceARN Tags")
    def tag(self, request: TagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        rule = _tagged(call.tx, request["ResourceARN"])
        call.tx.put(rule.changed(tags={**rule.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}))
        return {}

    @operation("UntagResource", accepts="ResourceARN TagKeys")
    def untag(self, request: UntagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        rule = _tagged(call.tx, request["ResourceARN"])
        kept = {key: value for key, value in rule.tags.items() if key not in request["TagKeys"]}
        call.tx.put(rule.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="ResourceARN")
    def list_tags(self, request: ListTagsForResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        rule = _tagged(call.tx, request["ResourceARN"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in rule.tags.items()]}


def _tagged(tx: Transaction, arn: str) -> Rule:
    return require_rule(tx, arn.rsplit("/", 1)[-1])


def _description(rule: Rule) -> dict[str, object]:
    answer = {
        "Name": rule.key,
        "Arn": rule.arn,
        "EventPattern": rule.pattern,
        "ScheduleExpression": rule.schedule,
        "State": rule.state,
        "Description": rule.description,
        "RoleArn": rule.role_arn,
        "EventBusName": BUS,
    }
    return {name: value for name, value in answer.items() if value}
