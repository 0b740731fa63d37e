"""Whether the caller may do what a deployment does, by IAM's own simulation.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.preflight.finding import Finding

# Of action names in one request.
PAGE = 100


def check_permissions(iam: Any, caller: str, wanted: Sequence[str]) -> Iterator[Finding]:
    """`caller` is the ARN that STS gives. Resource policies and service control policies are not all in a simulation."""
    source = principal(caller)
    if source is None:  # the root, which may do everything
        return
    denied: list[str] = []
    try:
        for start in range(0, len(wanted), PAGE):
            names = list(wanted[start : start + PAGE])
            found = iam.simulate_principal_policy(PolicySourceArn=source, ActionNames=names)
            results = found["EvaluationResults"]
            denied += [item["EvalActionName"] for item in results if item["EvalDecision"] != "allowed"]
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


def principal(caller: str) -> str | None:
    """The user or role behind a caller's ARN; None for the root. Of a session's role the path is not known."""
    head, _, tail = caller.rpartition(":")
    if tail == "root":
        return None
    if tail.startswith("assumed-role/"):
        account = head.replace(":sts:", ":iam:")
        return f"{account}:role/{tail.split('/')[1]}"
    return caller
