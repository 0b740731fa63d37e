"""Which parts of the roles' policies no recorded call needed: each is taken away in turn, and the calls are decided again.

Pure: calls come from an audit trail, and the same evaluator decides as in the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlsystem.engine.decide.access.document import Statement, statements_of
from mlsystem.engine.decide.access.evaluation import decide
from mlsystem.engine.decide.access.matching import matches
from mlsystem.engine.decide.access.request import AccessRequest

SESSION = ":assumed-role/"


@dataclass(frozen=True)
class Call:
    """Something that a role was allowed to do. `keys` are condition keys with their values."""

    role: str
    action: str
    resource: str
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def request(self) -> AccessRequest:
        account = "000000000000"
        principal = f"arn:aws:sts::{account}:assumed-role/{self.role}/s"
        return AccessRequest(principal, account, self.action, self.resource, dict(self.keys))


@dataclass(frozen=True, order=True)
class Part:
    """An action of a statement, or one of its resources, written as in the policy."""

    role: str
    what: str


def recorded(trail: Iterable[Path]) -> set[Call]:
    """What roles were allowed by their own policies, by the files of an audit trail."""
    lines = (json.loads(line) for path in trail for line in path.read_text().splitlines())
    return {
        Call(arn.split("/")[1], permit["action"], permit["resource"], _keys(permit.get("keys", {})))
        for line in lines
        if SESSION in (arn := line["userIdentity"].get("arn", ""))
        for permit in line["additionalEventData"].get("allowed", ())
    }


def _keys(keys: Mapping[str, Sequence[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted((name, tuple(values)) for name, values in keys.items()))


def superfluous(policies: Mapping[str, Sequence[Statement]], calls: Iterable[Call]) -> set[Part]:
    """Of the statements of each role, what could be taken away with every call allowed as before. Of a statement that
    could go whole it is all of its actions; of another, actions and resources that could go alone."""
    known = list(calls)
    return {
        Part(role, what)
        for role, statements in policies.items()
        for what in _of_role(list(statements), [call for call in known if call.role == role])
    }


def _of_role(statements: list[Statement], calls: Sequence[Call]) -> Iterator[str]:
    for place, statement in enumerate(statements):
        if statement.effect == "Deny":
            continue
        asked = [call for call in calls if decide(call.request, [statement]).is_allowed]

        def can_be(other: Statement | None, at: int = place, asked: Sequence[Call] = asked) -> bool:
            changed = [*statements[:at], *([other] if other else []), *statements[at + 1 :]]
            return all(decide(call.request, changed).is_allowed for call in asked)

        if can_be(None):
            yield from statement.actions
            continue
        for action in statement.actions:
            if can_be(_without_action(statement, action)):
                yield action
        for resource in statement.resources:
            if can_be(_without_resource(statement, resource)):
                yield resource


def _without_action(statement: Statement, action: str) -> Statement | None:
    left = tuple(one for one in statement.actions if one != action)
    return replace(statement, actions=left) if left else None


def _without_resource(statement: Statement, resource: str) -> Statement | None:
    left = tuple(one for one in statement.resources if one != resource)
    return replace(statement, resources=left) if left else None


def policies_of(iam: Any, prefix: str) -> dict[str, list[Statement]]:
    """The statements of the roles whose names begin so, from a client of IAM."""
    found: dict[str, list[Statement]] = {}
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        if name.startswith(prefix):
            found[name] = list(_statements(iam, name))
    return found


def _statements(iam: Any, role: str) -> Iterator[Statement]:
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        yield from statements_of(json.dumps(document), f"policy {policy} of role {role}")


def explained(parts: Iterable[Part], reasons: Mapping[str, Mapping[str, str]]) -> tuple[list[str], list[str]]:
    """What is superfluous without a reason, and the reasons that are none any more."""
    given = {(role, what): why for role, entries in reasons.items() for what, why in entries.items()}
    found = {(part.role, part.what) for part in parts}
    return (
        sorted(f"{role}: {what}" for role, what in found if not _reason(role, what, given)),
        sorted(f"{role}: {what}" for role, what in given if not any(_is(role, what, part) for part in found)),
    )


def _reason(role: str, what: str, given: Mapping[tuple[str, str], str]) -> bool:
    return any(_is(one, pattern, (role, what)) for one, pattern in given)


def _is(role: str, pattern: str, part: tuple[str, str]) -> bool:
    return role == part[0] and matches(pattern, part[1], {})
