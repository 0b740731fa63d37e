"""All resource types that the engine has, by name; it answers what the pure half of CloudFormation asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem.engine.decide.errors import EngineError, NotImplementedHere
from mlsystem.engine.decide.template import (
    Target,
    TargetResource,
    TemplateError,
    changed_properties,
    dynamic_references,
)
from mlsystem.engine.decide.template.custom_resource import check_custom, is_custom
from mlsystem.engine.services.cloudformation.resource_type import ResourceType


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
        if is_custom(name):
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
            kind = self._kind_of(resource)
            missing = sorted(kind.required - set(resource.properties))
            if missing:
                names = ", ".join(missing)
                raise TemplateError(f"Resource {resource.logical_id} ({resource.type}): missing properties: {names}")
            if kind is self._custom:
                _check_custom(resource)
            else:
                _check_known(resource, kind)

    def _kind_of(self, resource: TargetResource) -> ResourceType:
        try:
            return self.find(resource.type)
        except NotImplementedHere as error:
            raise TemplateError(f"Resource {resource.logical_id}: {error.message}") from error


def _check_known(resource: TargetResource, kind: ResourceType) -> None:
    unknown = sorted(set(resource.properties) - kind.properties)
    if unknown:
        raise TemplateError(
            f"Resource {resource.logical_id} ({resource.type}): the property {unknown[0]} is not implemented by the local "
            "engine or does not exist; docs/coverage.md lists what it does"
        )


def _check_custom(resource: TargetResource) -> None:
    check_custom(resource.logical_id, resource.type, resource.properties)
    if any(dynamic_references(dict(resource.properties))):
        raise TemplateError(
            f"Resource {resource.logical_id} ({resource.type}): dynamic references are not supported in custom resources"
        )
