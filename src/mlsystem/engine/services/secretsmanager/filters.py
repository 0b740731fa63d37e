"""The filters of ListSecrets: pure.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.secretsmanager.secret import Secret

# What a filter looks at, and whether case counts there.
FIELDS: dict[str, tuple[Callable[[Secret], Sequence[str]], bool]] = {
    "name": (lambda secret: [secret.key], True),
    "description": (lambda secret: [secret.description], False),
    "tag-key": (lambda secret: list(secret.tags), True),
    "tag-value": (lambda secret: list(secret.tags.values()), True),
    "all": (lambda secret: [secret.key, secret.description, *secret.tags, *secret.tags.values()], False),
}


def matches(secret: Secret, filters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the secret passes all filters; a value is a prefix, and `!` before it negates it. Raises NotImplementedHere."""
    return all(_passes(secret, one) for one in filters)


def _passes(secret: Secret, one: Mapping[str, Any]) -> bool:
    if one.get("Key") not in FIELDS:
        raise NotImplementedHere(f"secretsmanager: the filter {one.get('Key')}", f"{', '.join(FIELDS)} are")
    look, is_case_sensitive = FIELDS[one["Key"]]
    found = look(secret)
    return any(_fits(found, value, is_case_sensitive) for value in one.get("Values", []))


def _fits(found: Sequence[str], value: str, is_case_sensitive: bool) -> bool:
    is_negated, prefix = value.startswith("!"), value.removeprefix("!")
    if not is_case_sensitive:
        found, prefix = [text.lower() for text in found], prefix.lower()
    return any(text.startswith(prefix) for text in found) != is_negated
