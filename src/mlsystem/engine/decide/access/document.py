"""Policy documents as statements.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mlsystem.engine.decide.access import condition
from mlsystem.engine.decide.access.condition import values_of
from mlsystem.engine.decide.errors import AwsError

KNOWN = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}


@dataclass(frozen=True)
class Statement:
    """One statement. `actions` or `not_actions` is given, and of resources and principals at most one of each pair.

    A principal is `(kind, value)`, such as `("AWS", "arn:aws:iam::1:role/r")` or `("Service", "events.amazonaws.com")`; `"*"` alone is
    `("AWS", "*")`. `source` tells where it stands: `policy deploy of role demo`, and `index` at which place in it, from 0.
    """

    source: str
    effect: str
    sid: str = ""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] | None = None
    not_principals: tuple[tuple[str, str], ...] | None = None
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    index: int = 0

    @property
    def name(self) -> str:
        return f"statement {self.sid} of {self.source}" if self.sid else self.source


@lru_cache(maxsize=1024)
def statements_of(text: str, source: str) -> tuple[Statement, ...]:
    """The statements of a policy document. Raises AwsError(MalformedPolicyDocument), naming the document and what is wrong with it."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _malformed(source, "it is not JSON") from error
    found = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(found, dict | list):
        raise _malformed(source, "it has no Statement")
    items = found if isinstance(found, list) else [found]
    return tuple(_statement(item, source, index) for index, item in enumerate(items))


def _statement(item: Any, source: str, index: int) -> Statement:
    if not isinstance(item, dict) or item.get("Effect") not in ("Allow", "Deny"):
        raise _malformed(source, "each statement needs an Effect, Allow or Deny")
    unknown = sorted(set(item) - KNOWN)
    if unknown:
        raise _malformed(source, f"a statement has {', '.join(unknown)}, which no statement has")
    if ("Action" in item) == ("NotAction" in item):
        raise _malformed(source, "each statement needs either an Action or a NotAction")
    condition.check(item.get("Condition", {}))
    return Statement(
        source=source,
        effect=item["Effect"],
        sid=str(item.get("Sid", "")),
        actions=values_of(item.get("Action", ())),
        not_actions=values_of(item.get("NotAction", ())),
        resources=values_of(item.get("Resource", ())),
        not_resources=values_of(item.get("NotResource", ())),
        principals=_principals(item.get("Principal"), source),
        not_principals=_principals(item.get("NotPrincipal"), source),
        condition=item.get("Condition", {}),
        index=index,
    )


def _principals(given: Any, source: str) -> tuple[tuple[str, str], ...] | None:
    if given is None:
        return None
    if given == "*":
        return (("AWS", "*"),)
    if not isinstance(given, dict):
        raise _malformed(source, "its principals are neither * nor an object")
    return tuple((kind, value) for kind, values in given.items() for value in values_of(values))


def _malformed(source: str, reason: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", f"The {source} is not a policy: {reason}.")
