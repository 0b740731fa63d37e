"""The decision, within one account: an explicit Deny wins, else an Allow of either side is enough, else nothing is allowed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from mlsystem.engine.decide.access.condition import is_met
from mlsystem.engine.decide.access.document import Statement
from mlsystem.engine.decide.access.matching import matches
from mlsystem.engine.decide.access.request import AccessRequest


class Verdict(Enum):
    ALLOWED = "allowed"  # a statement allows it, and none denies it
    DENIED = "denied"  # a statement denies it
    NOT_ALLOWED = "not allowed"  # no statement speaks of it


@dataclass(frozen=True)
class Decision:
    """`by` is the statement that decided; None where none speaks of the request. `allowing` are all that allow it."""

    verdict: Verdict
    by: Statement | None = None
    allowing: tuple[Statement, ...] = ()

    @property
    def is_allowed(self) -> bool:
        return self.verdict is Verdict.ALLOWED


def decide(request: AccessRequest, identity: Iterable[Statement], resource: Iterable[Statement] = ()) -> Decision:
    """What the policies of the principal's role (`identity`) and of the resource say together.

    A policy of the resource that names the account (`arn:aws:iam::A:root`) leaves the decision to the account's own policies: it
    allows nothing by itself, except to the root.
    """
    own = [statement for statement in identity if _speaks_of(statement, request)]
    theirs = [item for item in resource if _speaks_of(item, request) and _means(item, request)]
    for statement in (*own, *theirs):
        if statement.effect == "Deny":
            return Decision(Verdict.DENIED, statement)
    allowing = (*own, *(item for item in theirs if not _delegates(item, request)))
    return Decision(Verdict.ALLOWED, allowing[0], allowing) if allowing else Decision(Verdict.NOT_ALLOWED)


def delegates(request: AccessRequest, resource: Iterable[Statement]) -> bool:
    """Whether the resource's policy lets the account's own policies decide, which a key's policy must say."""
    return any(
        item.effect == "Allow" and _speaks_of(item, request) and _means(item, request) and _delegates(item, request)
        for item in resource
    )


def _speaks_of(statement: Statement, request: AccessRequest) -> bool:
    return (
        _has_action(statement, request)
        and _has_resource(statement, request)
        and is_met(statement.condition, request.context)
    )


def _has_action(statement: Statement, request: AccessRequest) -> bool:
    patterns = statement.actions or statement.not_actions
    hit = any(matches(pattern, request.action, request.context, ignore_case=True) for pattern in patterns)
    return hit == bool(statement.actions)


def _has_resource(statement: Statement, request: AccessRequest) -> bool:
    patterns = statement.resources or statement.not_resources
    if not patterns:
        return True  # a policy of a resource, such as a role's trust, may leave it out: it means that resource
    hit = any(matches(pattern, request.resource, request.context) for pattern in patterns)
    return hit == bool(statement.resources)


def _means(statement: Statement, request: AccessRequest) -> bool:
    """Whether the principal is among those of a resource's statement."""
    if statement.not_principals is not None:
        return not any(_is(kind, value, request) for kind, value in statement.not_principals)
    return any(_is(kind, value, request) for kind, value in statement.principals or ())


def _is(kind: str, value: str, request: AccessRequest) -> bool:
    if kind == "Service":
        return request.principal == value
    if kind != "AWS" or not request.principal.startswith("arn:"):
        return kind == "AWS" and value == "*"
    account = f"arn:aws:iam::{request.account}:root"
    return value in ("*", account, request.account, request.principal, request.role_arn)


def _delegates(statement: Statement, request: AccessRequest) -> bool:
    """It reaches the principal only through the account."""
    if request.is_root or statement.not_principals is not None:
        return False
    names = {"*", request.principal, request.role_arn}
    return not any(
        kind == "Service" or value in names for kind, value in statement.principals or () if _is(kind, value, request)
    )
