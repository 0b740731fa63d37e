"""What an operation asks of whoever calls it: actions on resources, under keys that conditions may speak of.

Every room has one table of it, written as AWS's Service Authorization Reference is: operation, action, resource.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

ANY = "*"
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Requirement:
    """One thing that must be allowed. `context` holds condition keys, in lower case, each with its values."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """An operation that somebody wants to call; `prefix` is how IAM names its service."""

    prefix: str
    operation: str
    request: Mapping[str, Any]
    scope: Scope
    tx: Transaction

    def values(self, path: str) -> tuple[str, ...]:
        """The texts at a path of members (`Targets.RoleArn`), through lists; none where a member is absent."""
        found: list[Any] = [self.request]
        for name in path.split("."):
            found = list(_members(found, name))
        return tuple(str(value) for value in _flat(found))

    def arns(self, template: str) -> tuple[str, ...]:
        """The ARNs that AWS's notation means: `arn:${Partition}:sns:${Region}:${Account}:${Name}`, with members of the request.

        A list makes an ARN for each of its items, and an absent member is `*`.
        """
        whole = {"Partition": self.scope.partition, "Region": self.scope.region, "Account": self.scope.account}
        texts = [""]
        for literal, name in _pieces(template):
            values = (whole[name],) if name in whole else (self.values(name) or (ANY,)) if name else ("",)
            texts = [f"{text}{literal}{value}" for text in texts for value in values]
        return tuple(texts)


Ask = Callable[[Asked], Iterable[Requirement]]
Resource = Callable[[Asked], Iterable[str]]


def on(*resources: str | Resource, action: str = "", keys: Mapping[str, str] | None = None) -> Ask:
    """The action on each of the resources, which are templates or find their ARNs themselves.

    `action` is the operation's own name unless given; it may name another service (`iam:PassRole`). `keys` are condition keys and the
    members that they are read from.
    """

    def ask(asked: Asked) -> Iterator[Requirement]:
        name = action or asked.operation
        context = {key.lower(): asked.values(path) for key, path in (keys or {}).items()}
        known = {key: values for key, values in context.items() if values}
        for resource in resources or (ANY,):
            for arn in asked.arns(resource) if isinstance(resource, str) else resource(asked):
                yield Requirement(name if ":" in name else f"{asked.prefix}:{name}", arn, known)

    return ask


def given(path: str, *asks: Ask) -> Ask:
    """Asked only of requests that have the member, such as the right to tag where tags are given."""

    def ask(asked: Asked) -> Iterator[Requirement]:
        if _is_given(asked, path):
            for one in asks:
                yield from one(asked)

    return ask


def passes(path: str, service: str) -> Ask:
    """The right to hand the role in this member to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """

    def ask(asked: Asked) -> Iterator[Requirement]:
        for role in asked.values(path):
            yield Requirement("iam:PassRole", role, {"iam:passedtoservice": (service,)})

    return ask


Entry = Sequence[Ask]


@dataclass(frozen=True)
class ResourcePolicies:
    """Where a room keeps the policies of its resources: in records of `model`, whose key `key_of` finds in an ARN.

    `read` gives the document of the policy by that key, empty where the resource has none. It depends on such records alone.
    """

    model: type[Record]
    key_of: Callable[[str], str]
    read: Callable[[Transaction, Scope, str], str]


@dataclass(frozen=True)
class Permissions:
    """A room's table. An operation with an empty entry asks nothing, as AWS says of it."""

    prefix: str
    entries: Mapping[str, Entry]
    policies: ResourcePolicies | None = None

    def of(self, operation: str, request: Mapping[str, Any], scope: Scope, tx: Transaction) -> tuple[Requirement, ...]:
        asked = Asked(self.prefix, operation, request, scope, tx)
        return tuple(requirement for ask in self.entries[operation] for requirement in ask(asked))


@lru_cache(maxsize=1024)
def _pieces(template: str) -> tuple[tuple[str, str], ...]:
    """(text, name of the variable behind it), the last without one."""
    parts = _VARIABLE.split(template)
    return tuple(zip(parts[::2], [*parts[1::2], ""], strict=True))


def _members(values: Iterable[Any], name: str) -> Iterator[Any]:
    for value in _flat(values):
        if isinstance(value, Mapping) and value.get(name) is not None:
            yield value[name]


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _flat(value)
        else:
            yield value


def _is_given(asked: Asked, path: str) -> bool:
    found: list[Any] = [asked.request]
    for name in path.split("."):
        found = list(_members(found, name))
    return any(value not in (None, "", [], {}, ()) for value in found)
