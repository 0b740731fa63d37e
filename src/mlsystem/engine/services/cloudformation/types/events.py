"""AWS::Events::Rule: a rule and its targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import Done, Outcome, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.tags import tag_list, tagged

OF_RULE = ("Description", "EventPattern", "ScheduleExpression", "State", "RoleArn", "EventBusName")


def _ids(properties: Properties) -> set[str]:
    return {str(target["Id"]) for target in properties.get("Targets", ())}


class Rule:
    """PutRule would change a rule that is there already, so a creation asks first. Ref is the name."""

    name = "AWS::Events::Rule"
    properties = frozenset({"Name", "Targets", "Tags", *OF_RULE})
    required: frozenset[str] = frozenset()
    attributes: frozenset[str] | None = frozenset({"Arn"})
    immutable = frozenset({"Name", "EventBusName"})
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        name = str(properties.get("Name") or site.made_up_name())
        try:
            site.call("events", "DescribeRule", {"Name": name})
        except AwsError as error:
            if not is_gone(error):
                raise
            return self._put(site, name, {}, properties)
        raise AwsError("ResourceAlreadyExistsException", f"Rule {name} already exists.")

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        return self._put(site, physical_id, old, new)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        try:
            targets = site.call("events", "ListTargetsByRule", {"Rule": physical_id})["Targets"]
            self._remove(site, physical_id, {target["Id"] for target in targets})
            site.call("events", "DeleteRule", {"Name": physical_id})
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _put(self, site: Site, name: str, old: Properties, new: Properties) -> Done:
        request = {"Name": name, **{member: new[member] for member in OF_RULE if member in new}}
        request = tagged(request, "Tags", tag_list(site, new))
        arn = site.call("events", "PutRule", coerced("events", "PutRule", request))["RuleArn"]
        self._remove(site, name, _ids(old) - _ids(new))
        if new.get("Targets"):
            targets = {"Rule": name, "Targets": list(new["Targets"])}
            answer = site.call("events", "PutTargets", coerced("events", "PutTargets", targets))
            for failed in answer.get("FailedEntries", ()):
                raise AwsError(failed.get("ErrorCode", "ValidationException"), failed.get("ErrorMessage", ""))
        return Done(name, {"Arn": arn})

    def _remove(self, site: Site, name: str, ids: set[str]) -> None:
        if ids:
            site.call("events", "RemoveTargets", {"Rule": name, "Ids": sorted(ids)})
