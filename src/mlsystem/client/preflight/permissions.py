"""Whether the caller may do what a deployment does, by IAM's own simulation.

Each statement of the policy that a deployment needs is asked on its own resources: rights on some are none on all, which a simulation
without resources asks for. https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.preflight.finding import Finding

# Of action names in one request.
PAGE = 100
ALLOWED = "allowed"


def check_permissions(iam: Any, caller: str, policy: Mapping[str, Any]) -> Iterator[Finding]:
    """`caller` is the ARN that STS gives. Resource policies and service control policies are not all in a simulation."""
    source = principal(caller)
    if source is None:  # the root, which may do everything
        return
    try:
        denied = sorted({action for one in policy["Statement"] for action in _denied(iam, source, one)})
    except ClientError as error:
        yield Finding(
            "unknown", "permissions", f"they could not be simulated for {source}: {error.response['Error']['Message']}"
        )
        return
    if denied:
        yield Finding(
            "problem",
            "permissions",
            f"{source} may not do {', '.join(denied)}: `mlsystem policy` prints a policy that allows what a deployment needs",
        )


def _denied(iam: Any, source: str, statement: Mapping[str, Any]) -> Iterator[str]:
    """Its actions that are allowed on no kind of its resources; on one of a kind they must be allowed on all of that kind."""
    names = [action for action in statement["Action"] if "*" not in action]  # what has a `*` cannot be simulated
    simulate = iam.get_paginator("simulate_principal_policy")
    for context in _contexts(statement.get("Condition", {})):
        for start in range(0, len(names), PAGE):
            asked = {"ActionNames": names[start : start + PAGE], "ResourceArns": statement["Resource"]}
            pages = simulate.paginate(PolicySourceArn=source, ContextEntries=context, **asked)
            yield from _refused(item for page in pages for item in page["EvaluationResults"])


def _refused(results: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    kinds: dict[str, dict[str, bool]] = {}
    for item in results:
        own = {"EvalResourceName": item["EvalResourceName"], "EvalResourceDecision": item["EvalDecision"]}
        of_action = kinds.setdefault(item["EvalActionName"], {})
        for one in item.get("ResourceSpecificResults") or [own]:
            kind = _kind(one["EvalResourceName"])
            of_action[kind] = of_action.get(kind, True) and one["EvalResourceDecision"] == ALLOWED
    return (action for action, decisions in kinds.items() if not any(decisions.values()))


def _kind(arn: str) -> str:
    """Of a resource: an action is for some kinds of those that a statement names."""
    resource = arn.split(":", 5)[-1]
    return resource.partition("/")[0].partition(":")[0] if arn.split(":")[2:3] != ["s3"] else ""


def _contexts(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """What a simulation is told of a request that meets the condition, once for each value of a key."""
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for keys in condition.values()
        for key, values in keys.items()
        for value in values
    ]
    yield from [[entry] for entry in entries] or [[]]


def principal(caller: str) -> str | None:
    """The user or role behind a caller's ARN; None for the root. Of a session's role the path is not known."""
    head, _, tail = caller.rpartition(":")
    if tail == "root":
        return None
    if tail.startswith("assumed-role/"):
        account = head.replace(":sts:", ":iam:")
        return f"{account}:role/{tail.split('/')[1]}"
    return caller
