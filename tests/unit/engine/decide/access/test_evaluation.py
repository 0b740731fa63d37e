"""Decisions of policies, by the rules that IAM's documentation states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.access.document import Statement, statements_of
from mlsystem.engine.decide.access.evaluation import Decision, Verdict, decide, delegates
from mlsystem.engine.decide.access.request import AccessRequest
from mlsystem.engine.decide.errors import AwsError

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/trainer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/trainer/job-1"
OBJECT = "arn:aws:s3:::data/train/a.csv"


def asked(
    action: str = "s3:GetObject", resource: str = OBJECT, principal: str = SESSION, **context: str
) -> AccessRequest:
    keys = {name.replace("__", ":").lower(): (value,) for name, value in context.items()}
    return AccessRequest(principal, ACCOUNT, action, resource, keys)


def policy(*statements: dict[str, Any]) -> tuple[Statement, ...]:
    return statements_of(
        json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), "policy p of role trainer"
    )


def allow(**members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*", **members}


def deny(**members: Any) -> dict[str, Any]:
    return allow(Effect="Deny", **members)


def test_what_no_statement_speaks_of_is_not_allowed() -> None:
    assert decide(asked(), ()) == Decision(Verdict.NOT_ALLOWED)
    assert decide(asked("s3:PutObject"), policy(allow())).verdict is Verdict.NOT_ALLOWED
    assert decide(asked(resource="arn:aws:s3:::other/a"), policy(allow())).verdict is Verdict.NOT_ALLOWED


def test_an_allow_is_enough_and_is_named() -> None:
    decision = decide(asked(), policy(allow(Sid="ReadsData")))
    assert decision.is_allowed
    assert decision.by is not None
    assert decision.by.name == "statement ReadsData of policy p of role trainer"


def test_a_deny_of_either_side_wins_over_every_allow() -> None:
    allowed = policy(allow(Resource="*"))
    assert decide(asked(), (*allowed, *policy(deny()))).verdict is Verdict.DENIED
    of_bucket = policy({**deny(), "Principal": "*"})
    assert decide(asked(), allowed, of_bucket).verdict is Verdict.DENIED


@pytest.mark.parametrize(
    ("pattern", "action", "hit"),
    [
        ("s3:*", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObjectVersion", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("*", "sagemaker:CreateModel", True),
        ("s3:Get", "s3:GetObject", False),
    ],
)
def test_actions_match_with_wildcards_whatever_their_case(pattern: str, action: str, hit: bool) -> None:
    assert decide(asked(action), policy(allow(Action=pattern))).is_allowed is hit


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("arn:aws:s3:::data/train/*", True),
        ("arn:aws:s3:::data*", True),
        ("arn:aws:s3:::data/?rain/a.csv", True),
        ("arn:aws:s3:::DATA/*", False),
        ("arn:aws:s3:::data", False),
        ("*", True),
    ],
)
def test_resources_match_with_wildcards_and_their_case_counts(pattern: str, hit: bool) -> None:
    assert decide(asked(), policy(allow(Resource=pattern))).is_allowed is hit


def test_not_action_and_not_resource_mean_all_others() -> None:
    others = {"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::secret/*"}
    assert decide(asked("sagemaker:CreateModel", "*"), policy(others)).is_allowed
    assert not decide(asked(), policy(others)).is_allowed
    assert not decide(asked("kms:Decrypt", "arn:aws:s3:::secret/a"), policy(others)).is_allowed


def test_variables_are_values_of_the_request() -> None:
    own = policy(allow(Resource="arn:aws:s3:::data/${aws:PrincipalTag/team}/*"))
    assert decide(asked(**{"aws:PrincipalTag/team": "train"}), own).is_allowed
    assert not decide(asked(**{"aws:PrincipalTag/team": "test"}), own).is_allowed
    assert not decide(asked(), own).is_allowed
    assert not decide(asked(**{"aws:PrincipalTag/team": "t*"}), own).is_allowed, "a value's star is a star"
    assert decide(asked(), policy(allow(Resource="arn:aws:s3:::data/${aws:PrincipalTag/team, 'train'}/*"))).is_allowed


@pytest.mark.parametrize(
    "principal",
    ["*", {"AWS": "*"}, {"AWS": ROLE}, {"AWS": SESSION}, {"AWS": ["arn:aws:iam::1:root", ROLE]}],
)
def test_a_policy_of_the_resource_that_names_the_principal_is_enough(principal: object) -> None:
    assert decide(asked(), (), policy({**allow(), "Principal": principal})).is_allowed


@pytest.mark.parametrize(
    "principal", [{"AWS": f"{ROLE}s"}, {"Service": "s3.amazonaws.com"}, {"AWS": "arn:aws:iam::111111111111:root"}]
)
def test_a_policy_of_the_resource_that_names_others_is_not(principal: object) -> None:
    assert not decide(asked(), (), policy({**allow(), "Principal": principal})).is_allowed


@pytest.mark.parametrize("account", [f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT])
def test_a_policy_of_the_resource_that_names_the_account_leaves_it_to_the_accounts_own(account: str) -> None:
    of_key = policy({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"})
    question = asked("kms:Decrypt", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k")
    assert not decide(question, (), of_key).is_allowed
    assert delegates(question, of_key)
    assert decide(question, policy(allow(Action="kms:Decrypt", Resource="*")), of_key).is_allowed
    root = f"arn:aws:iam::{ACCOUNT}:root"
    assert decide(asked("kms:Decrypt", question.resource, root), (), of_key).is_allowed


def test_a_service_is_a_principal_by_its_name() -> None:
    of_topic = policy(
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*"}
    )
    assert decide(asked("sns:Publish", "*", "events.amazonaws.com"), (), of_topic).is_allowed
    assert not decide(asked("sns:Publish", "*", "cloudwatch.amazonaws.com"), (), of_topic).is_allowed
    assert not decide(asked("sns:Publish", "*"), (), of_topic).is_allowed


def test_not_principal_means_everybody_else() -> None:
    of_bucket = policy({**deny(Action="s3:*"), "NotPrincipal": {"AWS": ROLE}})
    assert decide(asked(), policy(allow()), of_bucket).is_allowed
    other = asked(principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/other/x")
    assert decide(other, policy(allow()), of_bucket).verdict is Verdict.DENIED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "it is not JSON"),
        ("[]", "it has no Statement"),
        ('{"Statement": [{"Effect": "Maybe"}]}', "Effect"),
        ('{"Statement": {"Effect": "Allow", "Resource": "*"}}', "Action"),
        ('{"Statement": {"Effect": "Allow", "Action": "*", "Ressource": "*"}}', "Ressource"),
        ('{"Statement": {"Effect": "Allow", "Action": "*", "Condition": {"StringIs": {}}}}', "StringIs"),
    ],
)
def test_a_document_that_is_no_policy_is_refused_by_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(AwsError, match=reason) as error:
        statements_of(text, "policy p of role trainer")
    assert error.value.code == "MalformedPolicyDocument"


@pytest.mark.parametrize(
    "member",
    [
        {"Principal": "me"},
        {"Principal": ["*"]},
        {"Condition": []},
        {"Condition": "x"},
        {"Condition": {"StringEquals": "x"}},
    ],
)
def test_members_of_another_type_are_refused(member: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as caught:
        policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*", **member})
    assert caught.value.code == "MalformedPolicyDocument"
