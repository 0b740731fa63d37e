"""Doors of the roles that may invoke endpoints: what their policies allow without a condition is let in there at once.

Everything else comes to the control plane, which looks at the signature and at all of the policies (`app`). So what is written here may be
less than what is allowed, and never more.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from mlsystem.engine.dataplane.state import WorkloadDoor
from mlsystem.engine.decide.access.document import Statement
from mlsystem.engine.decide.access.matching import matches, rests
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.permission import Requirement
from mlsystem.engine.runtime.workload import role_socket, workload_socket
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.services.iam.role_book import RoleBook
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.folder import DataFolder

INVOKE = "sagemaker:InvokeEndpoint"
# How the door is asked to ask, and what of.
INVOCATION = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations")
# Other patterns match no endpoint's name.
_NAME_PATTERN = re.compile(r"[a-zA-Z0-9*?-]{1,128}")
_EVERYTHING = "*"


class Invokers:
    """Derives the doors from the roles."""

    def __init__(self, scope: Scope, roles: RoleBook, folder: DataFolder):
        self._scope = scope
        self._roles = roles
        self._folder = folder

    def doors(self, tx: Transaction) -> Iterator[WorkloadDoor]:
        """First the one of workloads that have no other."""
        yield WorkloadDoor(str(workload_socket(self._folder)), self._scope.global_arn("iam", "root"))
        roles = tx.all(Role)
        sockets = Counter(role_socket(self._folder, role.key) for role in roles)
        for role in roles:
            if sockets[role_socket(self._folder, role.key)] > 1:
                continue  # two names with one digest: neither role may come by a door that is the other's too
            identity = self._roles.identity(tx, role.key)
            statements = identity.statements_on(INVOKE) if identity else ()
            allowed, denied = names_let_in(statements, self._scope)
            if allowed:
                yield WorkloadDoor(str(role_socket(self._folder, role.key)), role.arn, allowed, denied)


def requirement(scope: Scope, path: str) -> tuple[Requirement, ...]:
    """What an invocation by this path asks. Raises AwsError for a path that is none."""
    match = INVOCATION.fullmatch(path)
    if match is None:
        raise AwsError("UnknownOperationException", f"{path} is no invocation of an endpoint.", status=404)
    return (Requirement(INVOKE, scope.arn("sagemaker", f"endpoint/{match['name']}")),)


def names_let_in(statements: Iterable[Statement], scope: Scope) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Patterns of the names of endpoints that are allowed without a condition, and of those that somebody may be denied."""
    allowed: list[str] = []
    denied: list[str] = []
    for statement in statements:
        if not _has_action(statement):
            continue
        if statement.effect == "Deny":
            names = _names(statement, scope)
            denied += [_EVERYTHING] if names is None else names
        elif not statement.condition:
            allowed += _names(statement, scope) or []
    return tuple(dict.fromkeys(allowed)), tuple(dict.fromkeys(denied))


def _has_action(statement: Statement) -> bool:
    patterns = statement.actions or statement.not_actions
    return any(matches(pattern, INVOKE, {}, ignore_case=True) for pattern in patterns) == bool(statement.actions)


def _names(statement: Statement, scope: Scope) -> list[str] | None:
    """None where patterns of names cannot say which."""
    if not statement.resources or any("${" in pattern for pattern in statement.resources):
        return None
    beginning = scope.arn("sagemaker", "endpoint/")
    found = [rest for pattern in statement.resources for rest in rests(pattern, beginning)]
    return [name for name in found if _NAME_PATTERN.fullmatch(name)]
