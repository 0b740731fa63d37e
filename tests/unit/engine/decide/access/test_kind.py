"""Where a policy stands decides what it must have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from mlsystem.engine.decide.access.document import Statement, statements_of
from mlsystem.engine.decide.access.kind import check_identity, check_resource, check_size, check_trust
from mlsystem.engine.decide.errors import AwsError

Check = Callable[[Iterable[Statement]], None]
OWN = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
OTHERS = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"}


def _without(statement: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if key != name}


@pytest.mark.parametrize(
    ("check", "statement"),
    [
        (check_identity, OWN),
        (check_identity, {**_without(OWN, "Resource"), "NotResource": "arn:aws:s3:::a"}),
        (check_identity, {**OWN, "Action": ["*"]}),
        (check_trust, TRUST),
        (check_trust, {**TRUST, "Action": ["sts:AssumeRole", "sts:TagSession"]}),
        (check_resource, OTHERS),
        (check_resource, {**_without(OTHERS, "Principal"), "NotPrincipal": {"AWS": "*"}}),
    ],
)
def test_a_policy_that_fits_its_place_is_taken(check: Check, statement: dict[str, Any]) -> None:
    check(_read(statement))


@pytest.mark.parametrize(
    ("check", "statement", "reason"),
    [
        (check_identity, _without(OWN, "Resource"), "must contain resources"),
        (check_identity, OTHERS, "should not specify a principal"),
        (check_identity, {**OWN, "Action": "GetObject"}, "'GetObject' is not"),
        (check_trust, _without(TRUST, "Principal"), "Missing required field Principal"),
        (check_trust, {**TRUST, "Resource": "*"}, "prohibited field Resource"),
        (check_trust, {**TRUST, "Action": "s3:GetObject"}, "only specify STS AssumeRole actions"),
        (check_trust, {**TRUST, "Action": "*"}, "only specify STS AssumeRole actions"),
        (check_resource, OWN, "Missing required field Principal"),
    ],
)
def test_a_policy_that_does_not_is_refused_by_what_is_wrong(
    check: Check, statement: dict[str, Any], reason: str
) -> None:
    with pytest.raises(AwsError, match=reason) as error:
        check(_read(statement))
    assert error.value.code == "MalformedPolicyDocument"


def test_two_statements_of_one_name_are_refused() -> None:
    with pytest.raises(AwsError, match="must be unique"):
        check_identity(_read({**OWN, "Sid": "A"}, {**OWN, "Sid": "A"}))


def test_white_space_is_not_part_of_the_size() -> None:
    check_size("a b\n cde", 5, "role r")
    with pytest.raises(AwsError, match="Maximum policy size of 4 bytes exceeded for role r") as error:
        check_size("a b\n cde", 4, "role r")
    assert (error.value.code, error.value.status) == ("LimitExceeded", 409)


def _read(*statements: dict[str, Any]) -> tuple[Statement, ...]:
    return statements_of(json.dumps({"Statement": statements}), "p")
