"""What the roles of pipeline.yml are limited to, held against AWS's Service Authorization Reference, which cfn-lint carries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import cfnlint.schema.manager as schemas
import pytest

from tests.aws.build import REGION, expanded, files_of, workflow_graph
from tests.aws.project import OVERRIDES, TEMPLATES, read_template

REFERENCE: Mapping[str, Any] = json.loads(
    (resources.files("cfnlint") / "data/AdditionalSpecs/Policies.json").read_text()
)
RESOURCES = read_template(TEMPLATES["pipeline.yml"].read_text())["Resources"]
# Asked of every resource although AWS knows some for them, and why none can be named.
OF_EVERYTHING = {
    "cloudwatch:GetMetricData": "its resource is a dataset, which these metrics are not in",
    "cloudwatch:PutMetricData": "its resource is a dataset, which these metrics are not in: its condition names their namespace",
    "ec2:CreateNetworkInterface": "Lambda connects a function with it, and there is no interface yet",
    "ec2:DeleteNetworkInterface": "the interface is Lambda's, and has no name before it is made",
    "ec2:AssignPrivateIpAddresses": "the interface is Lambda's, and has no name before it is made",
    "ec2:UnassignPrivateIpAddresses": "the interface is Lambda's, and has no name before it is made",
    "elasticfilesystem:DescribeMountTargets": "Lambda is given an access point, and finds the file system by it",
}
# Limited to something that the reference does not have for it.
BEYOND_THE_REFERENCE = {
    "codedeploy:PutLifecycleEventHookExecutionStatus": "SAM's own policies allow it of the deployment group",
    "codestar-connections:UseConnection": "the service's former name, which connections of that time still bear",
    "cloudformation:CreateChangeSet": "CloudFormation's guide allows a macro by the ARN of the transform",
}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of a role or of a policy, with the name of the resource that has it."""
    for name, resource in RESOURCES.items():
        given = resource.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in given.get("Policies", [])]
        documents += [given["PolicyDocument"]] if resource["Type"] == "AWS::IAM::Policy" else []
        for document in documents:
            yield from ((name, statement) for statement in document["Statement"])


def types_of(action: str) -> list[str]:
    """The patterns of ARNs that an action of the reference may be limited to. Raises KeyError for one that is not there."""
    service, _, operation = action.partition(":")
    known = REFERENCE[service]
    kinds = _list(known["Actions"][operation.lower()].get("Resources", []))
    return [pattern for kind in kinds for pattern in known["Resources"][kind.lower()]["ARNFormats"]]


def reachable(action: str, statement: Mapping[str, Any]) -> bool:
    """Whether one of the statement's resources is of a type that the action knows."""
    texts = [_text(resource) for resource in _list(statement["Resource"])]
    return any(_meet(pattern, text) for pattern in types_of(action) for text in texts)


def _text(resource: Any) -> str:
    """As an ARN; what another resource gives is its type's name in place of its ARN."""
    if isinstance(resource, str):
        return resource
    if "Fn::Sub" in resource:
        return re.sub(r"\$\{(\w+)\.Arn\}", lambda found: _arn(found[1]), str(resource["Fn::Sub"]))
    [name] = [value[0] if isinstance(value, list) else value for value in resource.values()]
    return _arn(name)


ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::bucket",
    "AWS::KMS::Key": "arn:aws:kms:r:a:key/k",
    "AWS::SNS::Topic": "arn:aws:sns:r:a:t",
    "AWS::CodeCommit::Repository": "arn:aws:codecommit:r:a:c",
    "AWS::ECR::Repository": "arn:aws:ecr:r:a:repository/e",
    "AWS::CodeBuild::Project": "arn:aws:codebuild:r:a:project/p",
    "AWS::EFS::FileSystem": "arn:aws:elasticfilesystem:r:a:file-system/f",
    "AWS::IAM::Role": "arn:aws:iam::a:role/r",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:r:a:secret:s",
}


# What a parameter gives by its whole ARN.
GIVEN = {
    "ConnectionArn": "arn:aws:codeconnections:r:a:connection/c",
    "DevActionRoleArn": "arn:aws:iam::a:role/r",
    "MlflowTrackingUri": "arn:aws:sagemaker:r:a:mlflow-tracking-server/m",
    "PrdActionRoleArn": "arn:aws:iam::a:role/r",
}


def _arn(name: str) -> str:
    return GIVEN.get(name) or ARNS[RESOURCES[name]["Type"]]


def _meet(pattern: str, text: str) -> bool:
    """Whether an ARN of the type may be one that the text means; names of both are anything."""
    wanted = [re.sub(r"\$\{\w+\}|\.\*", "*", field) for field in pattern.split(":", 5)]
    given = re.sub(r"\$\{[\w:.]+\}", "*", text).split(":", 5)
    return len(given) == 6 and wanted[2] == given[2] and _overlap(wanted[5], given[5])


def _overlap(one: str, other: str) -> bool:
    """Whether some text matches both of two patterns with `*`."""
    if not one or not other:
        return not one.strip("*") and not other.strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(one, other[1:]) or _overlap(one[1:], other)
    return one[0] == other[0] and _overlap(one[1:], other[1:])


def faults(name: str, statement: Mapping[str, Any]) -> Iterator[str]:
    for action in _list(statement["Action"]):
        if "*" in action:
            yield f"{name}: {action} allows what nobody has written down"
            continue
        types = types_of(action)
        if statement["Resource"] == "*":
            if types and action not in OF_EVERYTHING:
                yield f"{name}: {action} is allowed of everything; it may be limited to {types}"
        elif action not in BEYOND_THE_REFERENCE and not reachable(action, statement):
            yield f"{name}: {action} knows none of {statement['Resource']}, only {types}"


def test_no_statement_reaches_further_than_aws_lets_it_be_limited() -> None:
    assert [fault for name, statement in statements() for fault in faults(name, statement)] == []


@pytest.mark.parametrize(
    ("action", "resource", "fault"),
    [
        ("s3:*", "arn:aws:s3:::bucket/*", "nobody has written down"),
        ("s3:Get*", "arn:aws:s3:::bucket/*", "nobody has written down"),
        ("*", "*", "nobody has written down"),
        ("s3:GetObject", "*", "may be limited to"),
        ("s3:GetObject", "arn:aws:sns:r:a:t", "knows none of"),
        ("sagemaker:ListModels", "arn:aws:sagemaker:r:a:model/m", "knows none of"),
    ],
)
def test_a_statement_that_is_too_wide_or_says_nothing_is_found(action: str, resource: str, fault: str) -> None:
    [found] = faults("Role", {"Effect": "Allow", "Action": action, "Resource": resource})
    assert fault in found


def test_every_exception_is_needed() -> None:
    found = [(action, one) for _, one in statements() for action in _list(one["Action"])]
    everywhere = {action for action, one in found if one["Resource"] == "*" and types_of(action)}
    assert everywhere == OF_EVERYTHING.keys()
    unknown = {action for action, one in found if one["Resource"] != "*" and not reachable(action, one)}
    assert unknown == BEYOND_THE_REFERENCE.keys()


# What stands in for a parameter or an attribute, as long as it can be.
LONGEST = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "1" * 12,
    "ProjectPrefix": "p" * 10,
    "SageMakerProjectName": "n" * 16,
    "ModelName": "m" * 10,
    "DatasetBucket": "d" * 63,
}
LONGEST_ARN = "a" * 110
LARGEST_INLINE = 10_240


def _longest(value: Any) -> Any:
    if isinstance(value, list):
        return [_longest(one) for one in value]
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("Fn::GetAtt", "Ref"):
        return LONGEST_ARN
    if isinstance(value, dict) and "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:.]+)\}", lambda found: LONGEST.get(found[1], LONGEST_ARN), value["Fn::Sub"])
    return {key: _longest(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", [name for name, one in RESOURCES.items() if one["Type"] == "AWS::IAM::Role"])
def test_a_role_s_policies_are_no_larger_than_iam_takes_however_long_the_names(name: str) -> None:
    own = [policy["PolicyDocument"] for policy in RESOURCES[name]["Properties"]["Policies"]]
    shared = [
        resource["Properties"]["PolicyDocument"]
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": name} in resource["Properties"]["Roles"]
    ]
    size = sum(len(json.dumps(_longest(document), separators=(",", ":"))) for document in (*own, *shared))
    assert size < LARGEST_INLINE


# ---------------------------------------------------------------------- what CloudFormation does in the deploy role
# What its registry lists for a type of the deployed stacks, and they do not use of it.
UNUSED = {
    r"apigateway:UpdateRestApiPolicy": "the API has no policy of its own",
    r"cloudwatch:GetMetricData": "the scaling policy follows a predefined metric",
    r"codedeploy:RegisterOnPremisesInstance": "functions have no instances",
    r"kms:(CreateGrant|Encrypt|GenerateDataKey)": "neither functions nor the workflow are encrypted with a key of their own",
    r"lambda:\w*(Concurrency|CodeSigning|CapacityProvider)\w*": "functions have neither",
    r"lambda:(AssociateRuntimeAlias|PutRuntimeManagementConfig|PutFunction(Recursion|Scaling)Config)": "left as Lambda has it",
    r"lambda:GetLayerVersion": "functions have no layers",
    r"s3:GetObjectVersion": "packages are named by the hash of what they hold, without a version",
    r"s3files:ListMountTargets": "the shared volume is one of EFS",
}
# What it asks for beside the registry.
BESIDE_THE_REGISTRY = {
    "cloudformation:CreateChangeSet": "to expand SAM",
    "codedeploy:UpdateApplication": "when the application gets another name",
    "ecr:BatchGetImage": "Lambda reads the image as whoever makes the function",
    "ecr:GetDownloadUrlForLayer": "Lambda reads the image as whoever makes the function",
    "ecr:GetRepositoryPolicy": "Lambda lets itself read the image later",
    "ecr:SetRepositoryPolicy": "Lambda lets itself read the image later",
    "sagemaker:UpdateEndpointWeightsAndCapacities": "Application Auto Scaling acts as whoever registers the endpoint",
    "states:ListStateMachineVersions": "CloudFormation looks for versions before it deletes a workflow",
}


def _deployed_types(folder: Path) -> set[str]:
    """Of all resources of the stacks that the pipeline makes."""
    files = files_of(folder)
    ways = [("deploy-model-prd.yml", {**OVERRIDES, "ApiAuth": auth}) for auth in ("NONE", "API_KEY", "IAM")]
    templates = [expanded(name, {**files["deploy-model-prd.json"]["Parameters"], **given}) for name, given in ways]
    templates.append(expanded("sagemaker-custom-resource.yml", files["sagemaker-custom-resource.json"]["Parameters"]))
    templates += [read_template(TEMPLATES["deploy-model-dev.yml"].read_text()), workflow_graph()]
    return {resource["Type"] for template in templates for resource in template["Resources"].values()}


def _asked_by_the_registry(types: Iterable[str]) -> set[str]:
    asked = set()
    for name in types:
        handlers = schemas.PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema.get("handlers") or {}
        for verb in ("create", "read", "update", "delete"):
            asked |= set(handlers.get(verb, {}).get("permissions", ()))
    return asked


def test_the_deploy_role_may_do_what_the_registry_of_cloudformation_asks_for_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    granted = {action for name, one in statements() if name == "DeployRole" for action in _list(one["Action"])}
    asked = _asked_by_the_registry(_deployed_types(tmp_path))
    lacking = asked - granted
    assert {action for action in lacking if not any(re.fullmatch(one, action) for one in UNUSED)} == set()
    assert granted - asked == BESIDE_THE_REGISTRY.keys()
    assert {one for one in UNUSED if not any(re.fullmatch(one, action) for action in lacking)} == set(), "no exceptions"
