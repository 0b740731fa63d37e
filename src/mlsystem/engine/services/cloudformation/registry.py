"""All resource types that the engine has, by name; it answers what the pure half of CloudFormation asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem.engine.decide.errors import EngineError, NotImplementedHere
from mlsystem.engine.decide.template import Target, TemplateError, changed_properties
from mlsystem.engine.services.cloudformation.resource_type import ResourceType

CUSTOM = ("AWS::CloudFormation::CustomResource", "Custom::")


class Registry:
    """Implements `decide.template.Kinds`."""

    def __init__(self, types: Iterable[ResourceType], custom: ResourceType):
        self._types: dict[str, ResourceType] = {}
        self._custom = custom
        for item in types:
            if item.name in self._types:
                raise EngineError(f"the resource type {item.name} is registered twice")
            self._types[item.name] = item

    def find(self, name: str) -> ResourceType:
        if name.startswith(CUSTOM):
            return self._custom
        if name not in self._types:
            raise NotImplementedHere(f"the resource type {name}")
        return self._types[name]

    def requires_replacement(self, resource_type: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        kind = self.find(resource_type)
        return any(name in kind.immutable for name in changed_properties(old, new))

    def attributes_of(self, name: str) -> frozenset[str] | None:
        return self.find(name).attributes

    def check(self, target: Target) -> None:
        """Refuse, before anything is created, a type or a property that the engine does not have. Raises TemplateError."""
        for resource in target.resources.values():
            try:
                kind = self.find(resource.type)
            except NotImplementedHere as error:
                raise TemplateError(f"Resource {resource.logical_id}: {error.message}") from error
            if kind is self._custom:
                refused = NotImplementedHere(f"the custom resource type {resource.type}")
                raise TemplateError(f"Resource {resource.logical_id}: {refused.message}")
            missing = sorted(kind.required - set(resource.properties))
            if missing:
                names = ", ".join(missing)
                raise TemplateError(f"Resource {resource.logical_id} ({resource.type}): missing properties: {names}")
            unknown = sorted(set(resource.properties) - kind.properties)
            if unknown:
                raise TemplateError(
                    f"Resource {resource.logical_id} ({resource.type}): the property {unknown[0]} is not implemented by the local "
                    "engine or does not exist; docs/coverage.md lists what it does"
                )
