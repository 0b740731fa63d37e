"""What an operation would do to a stack, as a value that can be printed before anything is done.

It is a forecast. The properties of a resource are known only once the resources before it are there, so a change that hangs on those is
marked as uncertain, as a change set does with `"Evaluation": "Dynamic"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.evaluation import is_known
from mlsystem.engine.decide.template.graph import layers
from mlsystem.engine.decide.template.instance import Instance, Kinds, changed_properties
from mlsystem.engine.decide.template.policy import DELETE, RETAIN_EXCEPT_ON_CREATE
from mlsystem.engine.decide.template.target import Target, TargetResource, settle

# Stands for a value that will be known later, where a kind asks what would change.
LATER: Json = {"Fn::KnownLater": []}


class ChangeAction(Enum):
    """What happens to one resource."""

    CREATE = "Create"
    UPDATE = "Update"
    REPLACE = "Replace"
    DELETE = "Delete"


SIGNS = {ChangeAction.CREATE: "+", ChangeAction.UPDATE: "~", ChangeAction.REPLACE: "±", ChangeAction.DELETE: "-"}


@dataclass(frozen=True)
class Deployed:
    """A resource of the stack as it is."""

    type: str
    instance: Instance


@dataclass(frozen=True)
class Change:
    """One line of the plan. `is_certain` False: only if a resource before it comes out differently.

    `fate` is what becomes of the old physical resource: Delete, Retain, Snapshot, or "" if there is none to part with.
    """

    action: ChangeAction
    logical_id: str
    type: str
    physical_id: str = ""
    properties: tuple[str, ...] = ()
    is_certain: bool = True
    fate: str = ""

    def __str__(self) -> str:
        text = f"{SIGNS[self.action]} {self.action.value} {self.logical_id} ({self.type})"
        notes = [", ".join(self.properties)] if self.properties else []
        notes += [] if self.is_certain else ["depends on values known later"]
        notes += [f"the old one: {self.fate}"] if self.fate else []
        return text + (": " + "; ".join(notes) if notes else "")


@dataclass(frozen=True)
class Plan:
    """Changes in layers: those of one layer do not wait for each other."""

    layers: tuple[tuple[Change, ...], ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for layer in self.layers for change in layer)

    def __str__(self) -> str:
        return "\n".join(str(change) for change in self.changes) or "No updates are to be performed."


def plan(deployed: Mapping[str, Deployed], target: Target, kinds: Kinds) -> Plan:
    """Creates, updates and replacements in their order, then deletes in reverse order.

    Raises TemplateError if a logical id changes its type, which CloudFormation does not allow.
    """
    check_types({name: item.type for name, item in deployed.items()}, target)
    planner = _Planner(deployed, kinds)
    forward = [planner.layer([target.resources[name] for name in names]) for names in layers(target.dependencies)]
    return Plan(tuple(layer for layer in (*forward, *_deletes(deployed, target)) if layer))


def check_types(types: Mapping[str, str], target: Target) -> None:
    """Raises TemplateError if a resource of the stack would get another type under its logical id."""
    changed = [name for name, item in target.resources.items() if name in types and types[name] != item.type]
    if changed:
        raise TemplateError(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources:"
            f" [{', '.join(changed)}]"
        )


class _Planner:
    """Walks through the layers and remembers which resources will still be what they are."""

    def __init__(self, deployed: Mapping[str, Deployed], kinds: Kinds):
        self._deployed = deployed
        self._kinds = kinds
        self._known: dict[str, Instance] = {}
        self._unsettled: set[str] = set()

    def layer(self, resources: list[TargetResource]) -> tuple[Change, ...]:
        changes = [self._change(resource) for resource in resources]
        for resource, change in zip(resources, changes, strict=True):
            self._remember(resource, change)
        return tuple(change for change in changes if change is not None)

    def _remember(self, resource: TargetResource, change: Change | None) -> None:
        name = resource.logical_id
        if change is None or change.action is ChangeAction.UPDATE:
            self._known[name] = self._deployed[name].instance
        if change is not None:
            self._unsettled.add(name)

    def _change(self, resource: TargetResource) -> Change | None:
        name = resource.logical_id
        if name not in self._deployed:
            return Change(ChangeAction.CREATE, name, resource.type)
        old = self._deployed[name].instance
        new = _mapping(settle(dict(resource.properties), self._known, self._unsettled).value)
        changed = changed_properties(old.properties, new)
        if not changed and not old.is_dirty:
            return None
        certain = tuple(key for key in changed if key not in new or is_known(new[key]))
        is_replaced = self._is_replaced(resource.type, old, new)
        return Change(
            action=ChangeAction.REPLACE if is_replaced else ChangeAction.UPDATE,
            logical_id=name,
            type=resource.type,
            physical_id=old.physical_id,
            properties=changed,
            is_certain=self._is_certain(resource.type, old, new, certain),
            fate=resource.update_replace_policy if is_replaced else "",
        )

    def _is_replaced(self, resource_type: str, old: Instance, new: Mapping[str, Json]) -> bool:
        shown = {key: value if is_known(value) else LATER for key, value in new.items()}
        return self._kinds.requires_replacement(resource_type, old.properties, shown)

    def _is_certain(self, resource_type: str, old: Instance, new: Mapping[str, Json], certain: tuple[str, ...]) -> bool:
        """True if what is known already leads to this very action."""
        if not certain and not old.is_dirty:
            return False
        settled = {key: value for key, value in old.properties.items() if key not in certain}
        settled |= {key: new[key] for key in certain if key in new}
        replaced_anyway = self._kinds.requires_replacement(resource_type, old.properties, settled)
        return replaced_anyway or not self._is_replaced(resource_type, old, new)


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _deletes(deployed: Mapping[str, Deployed], target: Target) -> list[tuple[Change, ...]]:
    gone = {name: item for name, item in deployed.items() if name not in target.resources}
    order = layers({name: item.instance.depends_on for name, item in gone.items()})
    return [tuple(_delete(name, gone[name]) for name in layer) for layer in reversed(order)]


def _delete(name: str, item: Deployed) -> Change:
    policy = item.instance.deletion_policy
    fate = "Retain" if policy == RETAIN_EXCEPT_ON_CREATE else "" if policy == DELETE else policy
    return Change(ChangeAction.DELETE, name, item.type, item.instance.physical_id, fate=fate)
