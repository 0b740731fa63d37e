"""IAM: roles and what hangs on them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def _role(engine: LiveEngine) -> str:
    name = f"role-{uuid.uuid4().hex[:8]}"
    engine.client("iam").create_role(RoleName=name, Path="/service-role/", AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


def test_a_role_is_found_again_with_its_trust(engine: LiveEngine) -> None:
    name = _role(engine)
    role = engine.client("iam").get_role(RoleName=name)["Role"]
    assert role["Arn"] == f"arn:aws:iam::000000000000:role/service-role/{name}"
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert name in [item["RoleName"] for item in engine.client("iam").list_roles(PathPrefix="/service-role/")["Roles"]]


def test_a_role_with_policies_is_not_deleted(engine: LiveEngine) -> None:
    iam, name = engine.client("iam"), _role(engine)
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=json.dumps(POLICY))
    assert iam.get_role_policy(RoleName=name, PolicyName="read")["PolicyDocument"] == POLICY
    with pytest.raises(ClientError) as error:
        iam.delete_role(RoleName=name)
    assert error.value.response["Error"]["Code"] == "DeleteConflict"
    iam.delete_role_policy(RoleName=name, PolicyName="read")
    iam.delete_role(RoleName=name)
    with pytest.raises(ClientError) as error:
        iam.get_role(RoleName=name)
    assert error.value.response["Error"]["Code"] == "NoSuchEntity"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_managed_policies_are_attached_once(engine: LiveEngine) -> None:
    iam, name = engine.client("iam"), _role(engine)
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    assert [policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]] == [
        arn
    ]
    iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []


@pytest.mark.parametrize(
    "document",
    ["{", "{}", '{"Statement": [{"Effect": "Perhaps", "Action": "*"}]}', '{"Statement": {"Effect": "Allow"}}'],
)
def test_what_is_no_policy_is_refused(engine: LiveEngine, document: str) -> None:
    with pytest.raises(ClientError) as error:
        engine.client("iam").put_role_policy(RoleName=_role(engine), PolicyName="p", PolicyDocument=document)
    assert error.value.response["Error"]["Code"] == "MalformedPolicyDocument"


def test_a_managed_policy_is_read_and_says_who_has_it(engine: LiveEngine) -> None:
    iam, name = engine.client("iam"), _role(engine)
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["PolicyName"], policy["Path"]) == ("AWSLambdaBasicExecutionRole", "/service-role/")
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    assert [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == [version["VersionId"]]
    pages = iam.get_paginator("list_policies").paginate(
        OnlyAttached=True, PathPrefix="/service-role/", PaginationConfig={"PageSize": 1}
    )
    assert arn in [one["Arn"] for page in pages for one in page["Policies"]]
    having = iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 1})
    assert name in [one["RoleName"] for page in having for one in page["PolicyRoles"]]
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
    with pytest.raises(ClientError) as error:
        iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/None")
    assert error.value.response["Error"]["Code"] == "NoSuchEntity"


def test_policies_are_asked_what_they_would_allow(engine: LiveEngine) -> None:
    iam, name = engine.client("iam"), _role(engine)
    statements = [
        {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::data/*"},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": "b"}},
        },
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=document)
    arn = iam.get_role(RoleName=name)["Role"]["Arn"]

    def decisions(**request: Any) -> dict[tuple[str, str], str]:
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=arn,
            ActionNames=["s3:GetObject", "s3:PutObject"],
            ResourceArns=["arn:aws:s3:::data/a", "arn:aws:s3:::other/a"],
            PaginationConfig={"PageSize": 3},
            **request,
        )
        found = [one for page in pages for one in page["EvaluationResults"]]
        return {(one["EvalActionName"], one["EvalResourceName"][13:]): one["EvalDecision"] for one in found}

    assert decisions() == {
        ("s3:GetObject", "data/a"): "allowed",
        ("s3:GetObject", "other/a"): "implicitDeny",
        ("s3:PutObject", "data/a"): "implicitDeny",
        ("s3:PutObject", "other/a"): "implicitDeny",
    }
    tag = {"ContextKeyName": "aws:PrincipalTag/team", "ContextKeyValues": ["b"], "ContextKeyType": "string"}
    assert set(decisions(ContextEntries=[tag]).values()) == {"explicitDeny"}
    more = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    assert set(decisions(PolicyInputList=[more]).values()) == {"allowed"}
    custom = iam.simulate_custom_policy(PolicyInputList=[more], ActionNames=["s3:PutObject", "sns:Publish"])
    assert [one["EvalDecision"] for one in custom["EvaluationResults"]] == ["allowed", "implicitDeny"]
    assert custom["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
