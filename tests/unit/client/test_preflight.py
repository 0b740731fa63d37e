"""What only an account of AWS can answer, with answers in the shapes of its API (the engine has no quotas, and its IAM no such users)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from botocore.exceptions import ClientError, EndpointConnectionError

from mlsystem.client import template as templates
from mlsystem.client.connection import Connection
from mlsystem.client.preflight.names import check_bucket
from mlsystem.client.preflight.permissions import PAGE, check_permissions, principal
from mlsystem.client.preflight.policy import MOST_CHARACTERS, documents, filled
from mlsystem.client.preflight.quotas import check_quotas, needed
from mlsystem.client.preflight.region import check_account, check_region
from mlsystem.client.project import load, template_folder

SETTINGS = yaml.safe_load((template_folder() / "mlsystem.yaml").read_text())


class Quotas:
    """Service Quotas of an account; in pages, as there."""

    def __init__(self, values: Mapping[str, float]):
        self._values = values

    def get_paginator(self, operation: str) -> Quotas:
        assert operation == "list_service_quotas"
        return self

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        assert asked == {"ServiceCode": "sagemaker"}
        for name, value in self._values.items():
            yield {"Quotas": [{"QuotaName": name, "Value": value}]}


class Simulation:
    """IAM's, of a principal that may not do some actions on some resources; `nested`: one result for each action."""

    def __init__(self, denied: Mapping[str, str] | None = None, error: str = "", *, nested: bool = False):
        self._denied, self._error, self._nested = dict(denied or {}), error, nested
        self.asked: list[tuple[str, str, str]] = []

    def get_paginator(self, operation: str) -> Simulation:
        assert operation == "simulate_principal_policy"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        if self._error:
            body = {"Error": {"Code": "AccessDenied", "Message": self._error}}
            raise ClientError(body, "SimulatePrincipalPolicy")  # type: ignore[arg-type]
        assert len(request["ActionNames"]) <= PAGE
        context = ",".join(value for entry in request["ContextEntries"] for value in entry["ContextKeyValues"])
        for name in request["ActionNames"]:
            self.asked += [(name, resource, context) for resource in request["ResourceArns"]]
            each = [
                (resource, "implicitDeny" if self._denied.get(name, "none") in (resource, "*") else "allowed")
                for resource in request["ResourceArns"]
            ]
            if self._nested:
                specific = [{"EvalResourceName": one, "EvalResourceDecision": decision} for one, decision in each]
                told = {"EvalResourceName": "*", "EvalDecision": "implicitDeny", "ResourceSpecificResults": specific}
                yield {"EvaluationResults": [{"EvalActionName": name, **told}]}
            else:
                for one, decision in each:
                    told = {"EvalResourceName": one, "EvalDecision": decision}
                    yield {"EvaluationResults": [{"EvalActionName": name, **told}]}


def allowing(actions: Sequence[str], *resources: str, **more: Any) -> dict[str, Any]:
    return {"Statement": [{"Action": list(actions), "Resource": list(resources or ("*",)), **more}]}


def test_a_run_needs_all_its_machines_and_versions_side_by_side() -> None:
    found = needed(SETTINGS)
    assert found["ml.m5.xlarge for training job usage"] == 1
    assert found["ml.m5.large for processing job usage"] == 4
    # One retained, one that serves with all its instances, one that is coming: 2 + 10 + 2.
    assert found["ml.m5.large for endpoint usage"] == 14
    assert found["ml.t2.medium for endpoint usage"] == 1


def test_a_quota_that_is_too_low_or_unknown_is_told() -> None:
    granted = dict(needed(SETTINGS))
    assert list(check_quotas(Quotas(granted), SETTINGS)) == []
    granted["ml.m5.large for endpoint usage"] = 4
    del granted["ml.t2.medium for endpoint usage"]
    low, unknown = sorted(check_quotas(Quotas(granted), SETTINGS), key=lambda item: item.severity)
    assert (low.severity, unknown.severity) == ("problem", "unknown")
    assert "it is 4, and 14 are needed" in low.words
    assert "ml.t2.medium" in unknown.subject


@pytest.mark.parametrize("nested", [False, True])
def test_actions_that_are_denied_are_named(nested: bool) -> None:
    wanted = [f"s3:Action{number}" for number in range(250)]
    iam = Simulation({"s3:Action7": "*", "s3:Action249": "*"}, nested=nested)
    caller = "arn:aws:sts::123456789012:assumed-role/deployer/ada"
    [finding] = check_permissions(iam, caller, allowing([*wanted, "s3:Get*"]))
    assert finding.severity == "problem"
    assert "arn:aws:iam::123456789012:role/deployer may not do s3:Action249, s3:Action7:" in finding.words
    assert [name for name, _, _ in iam.asked] == wanted


@pytest.mark.parametrize("nested", [False, True])
def test_an_action_must_be_allowed_on_all_resources_of_a_kind_and_on_one_kind(nested: bool) -> None:
    user = "arn:aws:iam::1:user/ada"
    network = allowing(["ec2:CreateVpc"], "arn:aws:ec2:eu-west-1:1:vpc/*", "arn:aws:ec2:eu-west-1:1:subnet/*")
    on_subnets = Simulation({"ec2:CreateVpc": "arn:aws:ec2:eu-west-1:1:subnet/*"}, nested=nested)
    assert list(check_permissions(on_subnets, user, network)) == []
    buckets = allowing(["s3:CreateBucket"], "arn:aws:s3:::mine", "arn:aws:s3:::other")
    [finding] = check_permissions(Simulation({"s3:CreateBucket": "arn:aws:s3:::other"}, nested=nested), user, buckets)
    assert "may not do s3:CreateBucket" in finding.words


def test_a_condition_is_met_in_the_simulation_by_each_of_its_values() -> None:
    services = ["codebuild.amazonaws.com", "events.amazonaws.com"]
    iam = Simulation()
    condition = {"StringEquals": {"iam:PassedToService": services}}
    passing = allowing(["iam:PassRole"], "arn:aws:iam::1:role/mine", Condition=condition)
    assert list(check_permissions(iam, "arn:aws:iam::1:user/ada", passing)) == []
    assert [context for _, _, context in iam.asked] == services


def test_what_cannot_be_simulated_is_unknown_and_the_root_needs_no_simulation() -> None:
    wanted = allowing(["s3:GetObject"])
    [finding] = check_permissions(Simulation(error="not for you"), "arn:aws:iam::123456789012:user/ada", wanted)
    assert (finding.severity, "not for you" in finding.words) == ("unknown", True)
    assert list(check_permissions(Simulation({"s3:GetObject": "*"}), "arn:aws:iam::1:root", wanted)) == []
    assert principal("arn:aws-cn:sts::1:assumed-role/a/b") == "arn:aws-cn:iam::1:role/a"


def test_a_service_that_a_region_lacks_is_named() -> None:
    assert list(check_region("eu-west-1")) == []
    [finding] = check_region("eu-west-1", ("sagemaker", "braket-of-nowhere", "mturk"))
    assert "has no mturk" in finding.words


def test_the_deploying_policies_are_small_enough_and_lose_no_statement() -> None:
    policy = filled(load(template_folder()), "aws", "ap-southeast-1", "123456789012")
    parts = documents(policy)
    assert all(len(json.dumps(part, separators=(",", ":"))) <= MOST_CHARACTERS for part in parts)
    assert [statement for part in parts for statement in part["Statement"]] == policy["Statement"]
    assert "$" not in json.dumps(policy)
    assert not any(
        name == "*" or name.endswith(":*") for statement in policy["Statement"] for name in statement["Action"]
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("plain", "plain"),
        ({"Ref": "Name"}, "mls"),
        ({"Fn::Sub": "${Name}-${AWS::Region}-x"}, "mls-eu-west-1-x"),
        ({"Fn::Sub": "${Later}"}, None),
        ({"Fn::GetAtt": ["A", "B"]}, None),
    ],
)
def test_a_name_is_resolved_where_it_can_be(value: Any, told: str | None) -> None:
    assert templates.text(value, {"Name": "mls", "AWS::Region": "eu-west-1"}) == told


def test_a_template_is_read_with_its_short_forms_written_out(tmp_path: Path) -> None:
    path = tmp_path / "t.yml"
    path.write_text("Resources: {A: {Type: T, Properties: {X: !GetAtt B.C.D, Y: !Sub '${A}', Z: !If [C, !Ref R, 1]}}}")
    properties = templates.read(path)["Resources"]["A"]["Properties"]
    assert properties == {
        "X": {"Fn::GetAtt": ["B", "C.D"]},
        "Y": {"Fn::Sub": "${A}"},
        "Z": {"Fn::If": ["C", {"Ref": "R"}, 1]},
    }


class Buckets:
    """An account's connection to S3, where the bucket asked for is in some state; the engine has one account only."""

    def __init__(self, status: int):
        self._status = status

    def client(self, service: str) -> Buckets:
        assert service == "s3"
        return self

    def head_bucket(self, **_: str) -> dict[str, Any]:
        if self._status == 200:
            return {}
        body = {"Error": {"Code": str(self._status)}, "ResponseMetadata": {"HTTPStatusCode": self._status}}
        raise ClientError(body, "HeadBucket")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "is_ours", "told"),
    [
        (404, True, None),
        (200, True, None),
        (200, False, "it exists: `mlsystem destroy`"),
        (403, True, "taken by another account: choose another"),
        (301, True, "in another region"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_told(status: int, is_ours: bool, told: str | None) -> None:
    found = [item.words for item in check_bucket(cast("Connection", Buckets(status)), "data", is_ours)]
    assert len(found) == (told is not None)
    assert told is None or told in found[0]


@pytest.mark.parametrize(
    ("name", "given", "is_true"),
    [
        ("HasMail", {}, False),
        ("HasMail", {"Mail": "ada@example.org"}, True),
        ("IsQuiet", {}, True),
        ("Both", {"Mail": "a"}, False),
        ("Both", {"Mail": "a", "Kind": "B"}, True),
        ("Either", {}, False),
        ("Either", {"Kind": "B"}, True),
    ],
)
def test_a_condition_of_parameters_is_known_before_anything_is_there(
    name: str, given: dict[str, str], is_true: bool
) -> None:
    has_mail = {"Fn::Not": [{"Fn::Equals": [{"Ref": "Mail"}, ""]}]}
    is_b = {"Fn::Equals": [{"Ref": "Kind"}, "B"]}
    template = {
        "Parameters": {"Mail": {"Default": ""}, "Kind": {"Default": "A"}},
        "Conditions": {
            "HasMail": has_mail,
            "IsQuiet": {"Fn::Not": [{"Condition": "HasMail"}]},
            "Both": {"Fn::And": [has_mail, is_b]},
            "Either": {"Fn::Or": [has_mail, is_b]},
        },
    }
    assert templates.holds(template, name, templates.values_of(template, given)) is is_true


class Account:
    """Connections to services, of which the account may use some only; the engine's account may use all."""

    def __init__(self, **codes: str):
        self._codes = codes

    def client(self, service: str) -> Any:
        code = self._codes.get(service)

        class Client:
            def __getattr__(self, operation: str) -> Any:
                def call() -> dict[str, Any]:
                    if code == "no endpoint":
                        raise EndpointConnectionError(endpoint_url=f"https://{service}.example")
                    if code is not None:
                        raise ClientError({"Error": {"Code": code, "Message": "not for you."}}, operation)
                    return {}

                return call

        return Client()


def test_a_service_that_the_account_may_not_use_is_told() -> None:
    account = Account(sagemaker="OptInRequired", codebuild="AccessDeniedException", codedeploy="no endpoint")
    found = {item.subject: item.words for item in check_account(cast("Connection", account))}
    assert set(found) == {"service sagemaker", "service codedeploy"}
    assert "the account cannot use it: not for you." in found["service sagemaker"]
    assert list(check_account(cast("Connection", Account()))) == []
