"""What a policy must have because of where it stands: a role's own policy, a role's trust, a resource's policy.

A statement that is silent of its resources would speak of all of them, and one without a principal of nobody, so IAM takes neither.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlsystem.engine.decide.access.document import Statement
from mlsystem.engine.decide.errors import AwsError

ACTION = re.compile(r"\*|[\w-]+:[\w*?]+")
ASSUMING = re.compile(r"(?i)sts:.*")
# Characters, without white space.
LARGEST_TRUST = 2_048


def check_identity(statements: Iterable[Statement]) -> None:
    """Of a role's own policy. Raises AwsError(MalformedPolicyDocument)."""
    known = list(statements)
    _check_all(known)
    if any(one.principals is not None or one.not_principals is not None for one in known):
        raise _malformed("Policy document should not specify a principal.")
    if not all(one.resources or one.not_resources for one in known):
        raise _malformed("Policy statement must contain resources.")


def check_trust(statements: Iterable[Statement]) -> None:
    """Of a role's trust. Raises AwsError(MalformedPolicyDocument)."""
    known = list(statements)
    check_resource(known)
    if any(one.resources or one.not_resources for one in known):
        raise _malformed("Has prohibited field Resource.")
    if not all(ASSUMING.fullmatch(action) for one in known for action in (*one.actions, *one.not_actions)):
        raise _malformed("AssumeRole policy may only specify STS AssumeRole actions.")


def check_resource(statements: Iterable[Statement]) -> None:
    """Of a resource's policy. Raises AwsError(MalformedPolicyDocument)."""
    known = list(statements)
    _check_all(known)
    if not all(one.principals or one.not_principals for one in known):
        raise _malformed("Missing required field Principal.")


def check_size(text: str, largest: int, subject: str) -> None:
    """Raises AwsError(LimitExceeded)."""
    if len("".join(text.split())) > largest:
        raise AwsError("LimitExceeded", f"Maximum policy size of {largest} bytes exceeded for {subject}.", 409)


def _check_all(statements: list[Statement]) -> None:
    for action in (action for one in statements for action in (*one.actions, *one.not_actions)):
        if not ACTION.fullmatch(action):
            raise _malformed(
                f"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: {action!r} is not."
            )
    sids = [one.sid for one in statements if one.sid]
    if len(set(sids)) != len(sids):
        raise _malformed("Statement IDs (SID) in a single policy must be unique.")


def _malformed(reason: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", reason)
