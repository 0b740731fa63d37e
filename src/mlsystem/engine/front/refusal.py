"""What somebody is told who may not do something: AWS's code and words, and the statement that would allow it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import json

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.access.evaluation import Decision, Verdict
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.permission import Requirement
from mlsystem.engine.runtime.api_model import service_model
from mlsystem.engine.services.iam.role_book import Identity

# Services whose code is not the one of their wire format.
CODES = {"sns": "AuthorizationError", "ec2": "UnauthorizedOperation", "cloudwatch": "AccessDenied"}
# How each service words that it cannot assume a role that it is given.
NOT_ASSUMABLE = {
    "sagemaker": (
        "ValidationException",
        "Could not assume role {role}. Please ensure that the role exists and allows principal '{service}' to assume the role.",
    ),
    "lambda": (
        "InvalidParameterValueException",
        "The role {role} defined for the function cannot be assumed by Lambda.",
    ),
    "stepfunctions": (
        "AccessDeniedException",
        "Neither the global service principal {service}, nor the regional one is authorized to assume the provided role {role}.",
    ),
    "codepipeline": (
        "InvalidStructureException",
        "CodePipeline is not authorized to perform AssumeRole on role {role}.",
    ),
    "codebuild": ("InvalidInputException", "CodeBuild is not authorized to perform: sts:AssumeRole on {role}."),
    "codedeploy": (
        "InvalidRoleException",
        "AWS CodeDeploy does not have the permissions required to assume the role {role}.",
    ),
    "cloudformation": ("ValidationError", "Role {role} is invalid or cannot be assumed."),
    "events": ("ValidationException", "Provided role '{role}' cannot be assumed by principal '{service}'."),
    "scheduler": (
        "ValidationException",
        "The execution role {role} you provide must allow AWS EventBridge Scheduler to assume the role.",
    ),
}
OTHERWISE = ("AccessDeniedException", "The role {role} cannot be assumed by {service}.")


def refusal(
    service: str, principal: Principal, identity: Identity | None, requirement: Requirement, decision: Decision
) -> AwsError:
    """`service` is the one that was asked, whose code it is."""
    action, resource = requirement.action, requirement.resource
    said = f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}"
    if decision.verdict is Verdict.DENIED and decision.by is not None:
        kind = "identity" if decision.by.principals is None and decision.by.not_principals is None else "resource"
        why = f"with an explicit deny in a{'n' if kind == 'identity' else ''} {kind}-based policy: {decision.by.name}"
    elif principal.role_name is None:
        why = f"because no resource-based policy allows the {action} action"
    elif identity is None:
        why = f"because there is no role {principal.role_name}"
    else:
        why = f"because no identity-based policy allows the {action} action"
    hint = "" if decision.verdict is Verdict.DENIED else f". This would allow it: {_statement(principal, requirement)}"
    code, status = _code(service)
    return AwsError(code, f"{said} {why}{hint}", status)


def not_assumable(service: str, role: str, receiver: str) -> AwsError:
    """The role does not exist, or its trust does not name the service."""
    code, words = NOT_ASSUMABLE.get(service, OTHERWISE)
    trust = json.dumps({"Effect": "Allow", "Principal": {"Service": receiver}, "Action": "sts:AssumeRole"})
    return AwsError(code, f"{words.format(role=role, service=receiver)} Its trust policy must have: {trust}")


def _code(service: str) -> tuple[str, int]:
    protocol = service_model(service).metadata["protocol"]
    usual = "AccessDeniedException" if "json" in protocol else "AccessDenied"
    return CODES.get(service, usual), 400 if protocol == "json" else 403


def _statement(principal: Principal, requirement: Requirement) -> str:
    """As JSON. Where the principal is a service it belongs into the policy of the resource."""
    statement: dict[str, object] = {"Effect": "Allow", "Action": requirement.action, "Resource": requirement.resource}
    if principal.is_service:
        statement["Principal"] = {"Service": principal.arn}
    if "iam:passedtoservice" in requirement.context:
        (receiver,) = requirement.context["iam:passedtoservice"]
        statement["Condition"] = {"StringEquals": {"iam:PassedToService": receiver}}
    return json.dumps(statement)
