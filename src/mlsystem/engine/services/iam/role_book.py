"""What each role may do, as the policies see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mlsystem.engine.decide.access.document import Statement, statements_of
from mlsystem.engine.decide.access.matching import matches
from mlsystem.engine.services.iam.managed_policies import managed_policy
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.remembered import Remembered


@dataclass(frozen=True)
class Identity:
    """A role, with the statements of all its policies."""

    arn: str
    id: str
    statements: tuple[Statement, ...]
    _by_service: dict[str, tuple[Statement, ...]] = field(default_factory=dict, compare=False)

    def statements_on(self, action: str) -> tuple[Statement, ...]:
        """Those that may speak of an action, by its service alone."""
        service = action.partition(":")[0]
        if service not in self._by_service:
            self._by_service[service] = tuple(one for one in self.statements if _may_speak(one, service))
        return self._by_service[service]


class RoleBook:
    """Finds the identity of a role."""

    def __init__(self) -> None:
        self._identities = Remembered(Role, _read)

    def identity(self, tx: Transaction, name: str) -> Identity | None:
        """None for a role that does not exist."""
        return self._identities.get(tx, name)


def _read(tx: Transaction, name: str) -> Identity | None:
    role = tx.get(Role, name)
    if role is None:
        return None
    return Identity(role.arn, role.role_id, tuple(_statements(role)))


def _statements(role: Role) -> Iterator[Statement]:
    for policy, text in role.policies.items():
        yield from statements_of(text, f"policy {policy} of role {role.key}")
    for arn in role.attached:
        yield from statements_of(managed_policy(arn), f"policy {arn} of role {role.key}")


def _may_speak(statement: Statement, service: str) -> bool:
    patterns = [pattern.partition(":")[0] for pattern in statement.actions]
    return bool(statement.not_actions) or any(matches(one, service, {}, ignore_case=True) for one in patterns)
