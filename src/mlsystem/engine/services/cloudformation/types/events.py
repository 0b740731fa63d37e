"""AWS::Events::Rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import Done, Outcome, Properties, Site, is_gone


class Rule:
    """A rule and its targets. Ref is its name."""

    name = "AWS::Events::Rule"
    properties = frozenset(
        {
            "Name",
            "Description",
            "EventPattern",
            "ScheduleExpression",
            "State",
            "Targets",
            "RoleArn",
            "EventBusName",
            "Tags",
        }
    )
    attributes: frozenset[str] | None = frozenset({"Arn"})
    required: frozenset[str] = frozenset()
    immutable = frozenset({"Name", "EventBusName"})
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        return self._put(site, str(properties.get("Name") or site.made_up_name()), {}, properties)

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        return self._put(site, physical_id, old, new)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        try:
            self._remove_targets(site, physical_id, {target["Id"] for target in properties.get("Targets", ())})
            site.call("events", "DeleteRule", {"Name": physical_id})
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _put(self, site: Site, name: str, old: Properties, new: Properties) -> Done:
        members = {key: value for key, value in new.items() if key not in ("Targets", "Name")}
        if isinstance(members.get("EventPattern"), dict):
            members["EventPattern"] = json.dumps(members["EventPattern"])
        arn = site.call("events", "PutRule", coerced("events", "PutRule", {**members, "Name": name}))["RuleArn"]
        targets = list(new.get("Targets", ()))
        self._remove_targets(
            site, name, {target["Id"] for target in old.get("Targets", ())} - {target["Id"] for target in targets}
        )
        if targets:
            site.call("events", "PutTargets", coerced("events", "PutTargets", {"Rule": name, "Targets": targets}))
        return Done(name, {"Arn": arn})

    def _remove_targets(self, site: Site, name: str, ids: set[str]) -> None:
        if ids:
            site.call("events", "RemoveTargets", {"Rule": name, "Ids": sorted(ids)})
