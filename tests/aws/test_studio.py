"""studio.yml as linters and readers see it: complete, without a place in it, and with no more rights than it can name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import cfnlint.schema.manager as schemas
import pytest
from cfnlint.api import lint

from tests.aws.build import REGION
from tests.aws.project import TEMPLATES, read_template
from tests.studio import STUDIO

TEXT = STUDIO.read_text()
TEMPLATE = read_template(TEXT)
# Actions that AWS offers no resource for.
OF_NO_RESOURCE = {
    "cloudformation:GetTemplateSummary",
    "cloudformation:ValidateTemplate",
    "codecommit:ListRepositories",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "elasticfilesystem:CreateFileSystem",
    "kms:CreateKey",
    "kms:ListAliases",
    "kms:TagResource",
    "secretsmanager:GetRandomPassword",
}
# What CloudFormation's registry lists for a type, and pipeline.yml does not use of it.
UNUSED = re.compile(
    r"vpc-lattice:|vpce:|s3tables:|iam:(Put|Get|Delete)(User|Group)Policy|iam:AttachRolePolicy"
    r"|iam:DetachRolePolicy|ec2:(AcceptAddressTransfer|AssociateAddress|DisassociateAddress|AttachVpnGateway|DetachVpnGateway"
    r"|DescribeVpnGateways|ReplaceRouteTableAssociation|CreateVpcEncryptionControl|DescribeInstances)"
    r"|ecr:(Put|Set)\w+|kms:(RetireGrant|DisableKey)|codecommit:(PutRepositoryTriggers)|sns:PutDataProtectionPolicy"
    r"|codepipeline:DisableStageTransition|elasticfilesystem:(\w*Replication\w*|PutFileSystemPolicy|PutLifecycle\w+"
    r"|UpdateFileSystemProtection)|secretsmanager:(ReplicateSecretToRegions|RemoveRegionsFromReplication)"
    r"|s3:(PutBucket(Abac|CORS|Replication|Website|ObjectLockConfiguration|Logging)|Put(Analytics|Inventory|Lifecycle|Metrics"
    r"|Accelerate|Replication|ObjectLock|IntelligentTiering)Configuration|PutObjectAcl|GetBucketAcl|DeleteObject|TagResource"
    r"|GetBucketMetadataTableConfiguration|CreateBucketMetadataTableConfiguration)"
)


def statements() -> Iterator[dict[str, Any]]:
    """With a boundary and without."""
    for policy in TEMPLATE["Resources"]["LaunchRole"]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """That there is none is shown of what scripts/lint.sh finds."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    broken = TEXT.replace("PortfolioId: !Ref Portfolio,", "PortfolioIdentity: !Ref Portfolio,")
    assert {match.rule.id for match in lint(broken, regions=[REGION])} == {"E3002"}


def test_every_parameter_says_what_it_is_and_what_it_may_be() -> None:
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"], name
        assert re.compile(parameter["AllowedPattern"]).pattern.startswith("^"), name


def test_nothing_of_an_account_or_a_region_is_in_it() -> None:
    assert re.findall(r"\d{12}|[a-z]{2}-[a-z]+-\d\b", TEXT) == []
    assert set(re.findall(r"arn:(?!\$\{AWS::Partition\})[^']{0,12}", TEXT)) == {r"arn:aws[a-z-]*:i"}, (
        "the pattern of an ARN"
    )


def test_the_launch_role_has_no_wildcard_where_aws_offers_a_resource() -> None:
    for statement in statements():
        actions = listed(statement["Action"])
        assert [action for action in actions if "*" in action] == []
        if "*" in listed(statement["Resource"]):
            named = [action for action in actions if not re.match(r"ec2:Describe", action)]
            assert set(named) <= OF_NO_RESOURCE


def test_where_a_boundary_is_given_no_right_is_given_beyond_it_and_it_cannot_be_taken_away() -> None:
    bounded = {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "PermissionsBoundaryArn"}}}
    giving = {"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"}
    found: dict[str, Any] = {}
    for statement in statements():
        condition = statement.get("Condition", {})
        chosen = condition["Fn::If"][1] if "Fn::If" in condition else condition
        found |= dict.fromkeys(giving.intersection(listed(statement["Action"])), chosen)
    assert found == dict.fromkeys(giving, bounded)
    granted = {action for statement in statements() for action in listed(statement["Action"])}
    assert not granted & {"iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:CreatePolicyVersion"}
    roles = read_template(TEMPLATES["pipeline.yml"].read_text())["Resources"].values()
    wanted = {"Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}
    boundaries = [one["Properties"].get("PermissionsBoundary") for one in roles if one["Type"] == "AWS::IAM::Role"]
    assert len(boundaries) == 17 and all(one == wanted for one in boundaries)


def test_the_launch_role_may_do_what_the_registry_of_cloudformation_asks_for_pipeline_yml() -> None:
    granted = {action for statement in statements() for action in listed(statement["Action"])}
    types = {one["Type"] for one in read_template(TEMPLATES["pipeline.yml"].read_text())["Resources"].values()}
    missing = {}
    for name in types:
        handlers = schemas.PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema.get("handlers") or {}
        wanted = {action for verb in ("create", "delete") for action in handlers.get(verb, {}).get("permissions", ())}
        lacking = {action for action in wanted - granted if not UNUSED.match(action)}
        if lacking:
            missing[name] = sorted(lacking)
    assert missing == {}


def test_the_launch_roles_policies_are_no_larger_than_iam_takes_inline() -> None:
    longest = {"AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "1" * 12}
    names = {**longest, "ProjectPrefix": "p" * 10, "TemplateBucket": "b" * 63}
    text = json.dumps(list(statements()), separators=(",", ":"))
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    assert len(text) < 10_240


def test_studio_lists_the_product_and_its_version_is_a_template_of_the_bucket() -> None:
    product = TEMPLATE["Resources"]["Product"]["Properties"]
    assert product["Tags"] == [{"Key": "sagemaker:studio-visibility", "Value": "true"}]
    (version,) = product["ProvisioningArtifactParameters"]
    assert "${TemplateBucket}" in version["Info"]["LoadTemplateFromURL"]["Fn::Sub"]
