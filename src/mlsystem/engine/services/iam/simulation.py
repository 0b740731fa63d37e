"""What policies would say: the same rules that decide about every request here, asked without making one.

Policies of roles and those that the request brings are asked; policies of resources, which may allow or deny too, are not.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.access import kind
from mlsystem.engine.decide.access.document import Statement, statements_of
from mlsystem.engine.decide.access.evaluation import Decision, Verdict, decide
from mlsystem.engine.decide.access.request import AccessRequest
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.iam.listing import page
from mlsystem.engine.services.iam.managed_policies import managed_policy
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.services.iam.roles import require_role

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import SimulateCustomPolicyRequestTypeDef, SimulatePrincipalPolicyRequestTypeDef

DECISIONS = {Verdict.ALLOWED: "allowed", Verdict.DENIED: "explicitDeny", Verdict.NOT_ALLOWED: "implicitDeny"}
ASKED = "ActionNames ResourceArns ContextEntries MaxItems Marker"


@dataclass(frozen=True)
class Policy:
    """One that is asked, by the name and the type that an answer gives it."""

    id: str
    type: str
    text: str

    @property
    def statements(self) -> tuple[Statement, ...]:
        found = statements_of(self.text, self.id)
        kind.check_identity(found)
        return found


class Simulation(Part):
    """SimulatePrincipalPolicy, SimulateCustomPolicy."""

    def __init__(self, house: House):
        self._house = house

    @operation("SimulatePrincipalPolicy", mode="read", accepts=f"PolicySourceArn PolicyInputList {ASKED}")
    def of_principal(self, request: SimulatePrincipalPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        arn = request["PolicySourceArn"]
        role = require_role(call.tx, arn.rpartition("/")[2])
        if role.arn != arn:
            raise AwsError("NoSuchEntity", f"There is no role {arn}.", 404)
        return self._answer(request, [*_of_role(role), *_given(request)], role)

    @operation("SimulateCustomPolicy", mode="read", accepts=f"PolicyInputList {ASKED}")
    def of_policies(self, request: SimulateCustomPolicyRequestTypeDef, call: Call) -> Mapping[str, object]:
        return self._answer(request, list(_given(request)), None)

    def _answer(self, request: Mapping[str, Any], policies: list[Policy], role: Role | None) -> Mapping[str, object]:
        context = {
            entry["ContextKeyName"].lower(): tuple(entry["ContextKeyValues"])
            for entry in request.get("ContextEntries", ())
        }
        if role is not None:
            context.setdefault("aws:principalarn", (role.arn,))
        statements = [statement for policy in policies for statement in policy.statements]
        types = {policy.id: policy.type for policy in policies}
        account = self._house.scope.account
        who = self._house.session_of(role.arn, "simulation").arn if role else ""
        results = []
        for action in request["ActionNames"]:
            for resource in request.get("ResourceArns", ("*",)):
                asked = AccessRequest(who, account, action, resource, context, role.arn if role else "")
                results.append(_result(action, resource, decide(asked, statements), types))
        return page(enumerate(results), request, "EvaluationResults", lambda one: (one[0],), lambda one: one[1])


def _of_role(role: Role) -> Iterator[Policy]:
    for name, text in role.policies.items():
        yield Policy(f"role_{role.key}_{name}", "role", text)
    for arn in role.attached:
        yield Policy(arn.rpartition("/")[2], "aws-managed", managed_policy(arn))


def _given(request: Mapping[str, Any]) -> Iterator[Policy]:
    for number, text in enumerate(request.get("PolicyInputList", ()), 1):
        yield Policy(f"PolicyInputList.{number}", "none", text)


def _result(action: str, resource: str, decision: Decision, types: Mapping[str, str]) -> dict[str, object]:
    matched = decision.allowing or ((decision.by,) if decision.by else ())
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": DECISIONS[decision.verdict],
        "MatchedStatements": [{"SourcePolicyId": one.source, "SourcePolicyType": types[one.source]} for one in matched],
        "MissingContextValues": [],
    }
