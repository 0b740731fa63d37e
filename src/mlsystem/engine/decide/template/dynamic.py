"""Dynamic references: `{{resolve:secretsmanager:...}}` and `{{resolve:ssm:...}}` in a property's text.

They stay text in everything that is stored or compared, and are resolved only on the way to the service that is to have
the value. So no secret lies in a stack's record, and, as on AWS, a changed secret alone does not update a resource.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import JsonValue as Json

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template.errors import TemplateError

_REFERENCE = re.compile(r"\{\{resolve:([^:}]+):([^}]+)\}\}")


@dataclass(frozen=True)
class DynamicReference:
    """What to look up. For `ssm`, `version` is the parameter's version; for `secretsmanager`, the secret's version id."""

    service: str
    name: str
    json_key: str | None = None
    version_stage: str | None = None
    version: str | None = None


Resolver = Callable[[DynamicReference], str]


def dynamic_references(value: Json) -> Iterator[DynamicReference]:
    """All of them, in order. Raises TemplateError for a malformed one, NotImplementedHere for another service."""
    if isinstance(value, str):
        for found in _REFERENCE.finditer(value):
            yield _parse(found)
    elif isinstance(value, list):
        for item in value:
            yield from dynamic_references(item)
    elif isinstance(value, dict):
        for member in value.values():
            yield from dynamic_references(member)


def resolve_dynamic_references(value: Json, resolver: Resolver) -> Json:
    """The value with each reference replaced by what `resolver` answers."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: resolver(_parse(found)), value)
    if isinstance(value, list):
        return [resolve_dynamic_references(item, resolver) for item in value]
    if isinstance(value, dict):
        return {key: resolve_dynamic_references(member, resolver) for key, member in value.items()}
    return value


def _parse(found: re.Match[str]) -> DynamicReference:
    service, rest = found.groups()
    if service == "ssm":
        name, _, version = rest.partition(":")
        return DynamicReference(service, name, version=version or None)
    if service == "secretsmanager":
        return _secret(rest, found.group())
    raise NotImplementedHere(f"the dynamic reference {found.group()}", "it resolves ssm and secretsmanager")


def _secret(rest: str, text: str) -> DynamicReference:
    """`secret-id:secret-string:json-key:version-stage:version-id`; the id may be an ARN, with its own six colons."""
    fields = rest.split(":")
    if fields[0] == "arn":
        fields = [":".join(fields[:7]), *fields[7:]]
    name, kind, key, stage, version, *more = [*fields, "", "", "", ""]
    if any(more) or (kind and kind != "SecretString") or (stage and version):
        raise TemplateError(
            f"Template error: the dynamic reference {text} must read"
            " secretsmanager:secret-id:SecretString:json-key:version-stage:version-id, with a stage or an id, not both."
        )
    return DynamicReference("secretsmanager", name, key or None, stage or None, version or None)
