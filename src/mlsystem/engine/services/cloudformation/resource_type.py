"""What CloudFormation must know of a resource type, and the commonest kind of them: one whose properties are the API's own parameters.

Handlers work through the API of the room that has the resource, as the stack's role, with the shapes that a client uses.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template import changed_properties
from mlsystem.engine.services.cloudformation.coercion import coerced

Properties = Mapping[str, Any]
# Error codes that say: it is gone.
GONE = ("NotFound", "NoSuch", "DoesNotExist", "ResourceNotFound", "not found", "does not exist", "Could not find")


@dataclass(frozen=True)
class Done:
    """The resource is as it should be. `reference` only where Ref is not the physical id; `is_hidden`: do not show the attributes."""

    physical_id: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    reference: Any = None
    is_hidden: bool = False


@dataclass(frozen=True)
class Begun:
    """It is being made, changed or deleted; its room will announce the end."""

    physical_id: str
    memo: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """As an AwsError, but in words that stand for themselves. `physical_id`: what there may be in the world nevertheless."""

    reason: str
    physical_id: str | None = None


Outcome = Done | Begun | Failed


@dataclass(frozen=True)
class Site:
    """Where a handler works: one resource of one stack."""

    house: House
    principal: Principal
    stack_id: str
    stack_name: str
    logical_id: str
    resource_type: str
    # Names this action; the same for each repetition of it.
    key: str
    stack_tags: Mapping[str, str] = field(default_factory=dict)
    # An update that gives back what an update took.
    is_rollback: bool = False

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.house.call(service, operation, request, self.principal)

    def made_up_name(self, longest: int = 64, lower: bool = False) -> str:
        """`stack-LogicalId-random`, as CloudFormation names what has no name of its own."""
        suffix = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.stack_id}/{self.key}").hex[:12].upper()
        room = longest - len(suffix) - 2
        logical = self.logical_id[: max(8, room // 2)]
        name = f"{self.stack_name[: room - len(logical)]}-{logical}-{suffix}"
        return name.lower() if lower else name


class ResourceType(Protocol):
    """One type. `look` is asked when a room announces something, for what was Begun."""

    @property
    def name(self) -> str: ...
    @property
    def properties(self) -> frozenset[str]:
        """Property names that the engine implements; others are refused before anything is created."""
        ...

    @property
    def required(self) -> frozenset[str]:
        """Properties without which nothing is created."""
        ...

    @property
    def attributes(self) -> frozenset[str] | None:
        """GetAtt names; None where any name may be asked for (custom resources)."""
        ...

    @property
    def immutable(self) -> frozenset[str]:
        """Properties of which a change needs a new resource."""
        ...

    @property
    def is_outside(self) -> bool:
        """True where a handler waits for the world, and so must not run inside a transaction."""
        ...

    def create(self, site: Site, properties: Properties) -> Outcome: ...
    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome: ...
    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome: ...
    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        """How what was Begun stands; None: not yet. Raises AwsError when it failed."""
        ...


@runtime_checkable
class Cancellable(Protocol):
    """A type whose changes can be cut short when the stack turns round."""

    def cancel(self, site: Site, physical_id: str, memo: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class ApiType:
    """A resource type in terms of API operations.

    `arguments(site, properties)` gives the request of Create, by default the properties themselves. `identify(answer, request)` the
    physical id. `finish` sets what Create does not take. `describe(site, physical_id)` gives the attributes. `change` updates in place;
    without it every property is immutable.
    """

    name: str
    service: str
    create_operation: str
    delete_operation: str
    properties: frozenset[str]
    identify: Callable[[Mapping[str, Any], Mapping[str, Any]], str]
    delete_request: Callable[[str, Properties], Mapping[str, Any]]
    required: frozenset[str] = frozenset()
    attributes: frozenset[str] | None = frozenset()
    immutable: frozenset[str] = frozenset()
    arguments: Callable[[Site, dict[str, Any]], dict[str, Any]] = lambda _site, properties: properties
    describe: Callable[[Site, str], dict[str, Any]] = lambda _site, _physical_id: {}
    # Instead of `describe`, where what a resource is called is not told by its physical id.
    describe_with: Callable[[Site, str, Properties], dict[str, Any]] | None = None
    change: Callable[[Site, str, Properties, Properties], None] | None = None
    finish: Callable[[Site, str, Properties], None] | None = None
    reference: Callable[[str, Mapping[str, Any]], Any] | None = None
    # Asked until it says True; raises AwsError when it failed. None: done as soon as the operation has answered.
    is_settled: Callable[[Site, str, str], bool] | None = None
    is_outside: bool = False

    def __post_init__(self) -> None:
        if self.change is None:
            object.__setattr__(self, "immutable", self.properties)

    def create(self, site: Site, properties: Properties) -> Outcome:
        request = self.arguments(site, dict(properties))
        answer = site.call(self.service, self.create_operation, coerced(self.service, self.create_operation, request))
        physical_id = self.identify(answer, request)
        if self.finish is not None:
            self.finish(site, physical_id, properties)
        return self._settle(site, "create", physical_id, properties)

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        if self.change is None:
            names = ", ".join(changed_properties(old, new))
            raise AwsError("NotUpdatable", f"Resource type {self.name} cannot be updated in place ({names})")
        self.change(site, physical_id, old, new)
        return self._settle(site, "update", physical_id, new)

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        try:
            request = self.delete_request(physical_id, properties)
            site.call(self.service, self.delete_operation, coerced(self.service, self.delete_operation, request))
        except AwsError as error:
            if not is_gone(error):
                raise
        return Done(physical_id) if self.is_settled is None else self._settle(site, "delete", physical_id, properties)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        assert self.is_settled is not None
        try:
            settled = self.is_settled(site, verb, physical_id)
        except AwsError as error:
            if verb == "delete" and is_gone(error):
                return Done(physical_id)
            raise
        return self._done(site, verb, physical_id, memo["properties"]) if settled else None

    def _settle(self, site: Site, verb: str, physical_id: str, properties: Properties) -> Outcome:
        if self.is_settled is None:
            return self._done(site, verb, physical_id, properties)
        memo = {"properties": dict(properties)}
        return self.look(site, verb, physical_id, memo) or Begun(physical_id, memo)

    def _done(self, site: Site, verb: str, physical_id: str, properties: Properties) -> Done:
        if verb == "delete":
            return Done(physical_id)
        if self.describe_with is not None:
            attributes = self.describe_with(site, physical_id, properties)
        else:
            attributes = self.describe(site, physical_id)
        reference = self.reference(physical_id, attributes) if self.reference else None
        return Done(physical_id, attributes, reference)


def is_gone(error: AwsError) -> bool:
    return any(word in error.code or word in error.message for word in GONE)
