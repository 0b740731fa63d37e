"""May this principal do this? The policies of its role and of the resource decide, before a room sees the request.

Who is refused is told what AWS says, and the statement that would allow it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mlsystem.engine.contract import Principal, Room
from mlsystem.engine.decide.access.document import Statement, statements_of
from mlsystem.engine.decide.access.evaluation import Decision, Verdict, decide, delegates
from mlsystem.engine.decide.access.request import AccessRequest
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.front.refusal import not_assumable, refusal
from mlsystem.engine.permission import Requirement, ResourcePolicies
from mlsystem.engine.services.iam.role_book import Identity, RoleBook
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.remembered import Remembered

PASS_ROLE, ASSUME_ROLE = "iam:PassRole", "sts:AssumeRole"
# The account itself may do what no policy denies.
EVERYTHING = (Statement("the account's root", "Allow", actions=("*",), resources=("*",)),)
# Here a role's policies decide nothing that the resource's own does not leave to them.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
DECIDED_BY_RESOURCE = ("kms:", ASSUME_ROLE)
# Those of a resource's own policy; None where it has none.
Statements = tuple[Statement, ...] | None


@dataclass(frozen=True)
class Permit:
    """Something that was required, and the statements that allow it: each of them would have been enough."""

    requirement: Requirement
    statements: tuple[Statement, ...]


class Guard:
    """`open` once, with the rooms whose resources have policies."""

    def __init__(self, scope: Scope, roles: RoleBook):
        self._scope = scope
        self._roles = roles
        self._policies: dict[str, tuple[Callable[[str], str], Remembered[Statements]]] = {}

    def open(self, rooms: Iterable[Room]) -> None:
        for room in rooms:
            policies = room.permissions.policies
            if policies is not None:
                remembered = Remembered(policies.model, self._reader(policies))
                self._policies[room.permissions.prefix] = (policies.key_of, remembered)

    def _reader(self, policies: ResourcePolicies) -> Callable[[Transaction, str], Statements]:
        def read(tx: Transaction, key: str) -> Statements:
            text = policies.read(tx, self._scope, key)
            return statements_of(text, f"policy of {key}") if text else None

        return read

    def check(
        self, tx: Transaction, service: str, principal: Principal, requirements: Iterable[Requirement]
    ) -> tuple[Permit, ...]:
        """Why it may; nothing is said of the root. Raises AwsError with the code that `service` has for it."""
        role = principal.role_name
        identity = self._roles.identity(tx, role) if role else None
        permits = []
        if principal.assumed_by and identity and not self._trusts(tx, identity.arn, principal.assumed_by):
            raise not_assumable(_room_of(principal.assumed_by), identity.arn, principal.assumed_by)
        for requirement in requirements:
            decision = self._decide(tx, principal, identity, requirement)
            if not decision.is_allowed:
                raise refusal(service, principal, identity, requirement, decision)
            if requirement.action == PASS_ROLE:
                (receiver,) = requirement.context["iam:passedtoservice"]
                if not self._trusts(tx, requirement.resource, receiver):
                    raise not_assumable(service, requirement.resource, receiver)
            if decision.by not in EVERYTHING:
                permits.append(Permit(requirement, decision.allowing))
        return tuple(permits)

    def _decide(
        self, tx: Transaction, principal: Principal, identity: Identity | None, requirement: Requirement
    ) -> Decision:
        context = {**self._context(tx, principal, identity), **requirement.context}
        request = AccessRequest(
            principal.arn,
            self._scope.account,
            requirement.action,
            requirement.resource,
            context,
            identity.arn if identity else "",
        )
        own = EVERYTHING if request.is_root else identity.statements_on(requirement.action) if identity else ()
        theirs = self._policy(tx, requirement.resource)
        decision = decide(request, own, theirs or ())
        needs_word = theirs is not None and requirement.action.startswith(DECIDED_BY_RESOURCE)
        if needs_word and decision.is_allowed and decision.by in own and not self._lets(request, theirs or ()):
            return Decision(Verdict.NOT_ALLOWED)
        return decision

    def _lets(self, request: AccessRequest, theirs: tuple[Statement, ...]) -> bool:
        """Whether the resource's policy allows it itself, or leaves it to the account."""
        return decide(request, (), theirs).is_allowed or delegates(request, theirs)

    def _trusts(self, tx: Transaction, role: str, service: str) -> bool:
        """Whether the role's trust lets the service act in it: asked when it is handed over, and each time that the service does."""
        context = {"aws:sourceaccount": (self._scope.account,)}
        request = AccessRequest(service, self._scope.account, ASSUME_ROLE, role, context)
        return decide(request, (), self._policy(tx, role) or ()).is_allowed

    def _policy(self, tx: Transaction, arn: str) -> Statements:
        fields = arn.split(":", 5)
        if len(fields) != 6 or fields[2] not in self._policies:
            return None
        key_of, remembered = self._policies[fields[2]]
        return remembered.get(tx, key_of(arn))

    def _context(
        self, tx: Transaction, principal: Principal, identity: Identity | None
    ) -> Mapping[str, tuple[str, ...]]:
        """Keys that every request has. What reaches the door at this machine's own address is as safe as if it came by TLS."""
        context = {
            "aws:securetransport": ("true",),
            "aws:requestedregion": (self._scope.region,),
            "aws:epochtime": (str(int(tx.now)),),
            "aws:currenttime": (datetime.fromtimestamp(tx.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),),
        }
        if principal.is_service:
            context["aws:principalservicename"] = (principal.arn,)
            context["aws:sourceaccount"] = (principal.account,)
            # CloudWatch tells a topic whose alarm it is; the policy that every new topic has asks for it.
            if principal.arn == "cloudwatch.amazonaws.com":
                context["aws:sourceowner"] = (principal.account,)
            if principal.source_arn:
                context["aws:sourcearn"] = (principal.source_arn,)
        else:
            context["aws:principalarn"] = (identity.arn if identity else principal.arn,)
            context["aws:principalaccount"] = (principal.account,)
            context["kms:calleraccount"] = (principal.account,)
        if identity:
            context["aws:userid"] = (f"{identity.id}:{principal.arn.rpartition('/')[2]}",)
        if principal.via:
            context["kms:viaservice"] = (f"{principal.via}.{self._scope.region}.amazonaws.com",)
        return context


def _room_of(service: str) -> str:
    """The room of a service that IAM names `states.amazonaws.com`."""
    name = service.partition(".")[0]
    return {"states": "stepfunctions"}.get(name, name)
