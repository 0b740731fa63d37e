"""The model registry: versions of a group, their approval, what is deployed from it, and Search over it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.test_events import Listener
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving
from tests.stacks import StackUser


class Registry:
    """A group of a test's own, and versions of what `serving` packed."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.sagemaker = engine.client("sagemaker")
        self.group = f"Group-{uuid.uuid4().hex[:8]}"
        tags = [{"Key": "team", "Value": self.group}]
        self.group_arn = self.sagemaker.create_model_package_group(ModelPackageGroupName=self.group, Tags=tags)[
            "ModelPackageGroupArn"
        ]

    def register(self, image: str = "000000000000.dkr.ecr.us-east-1.amazonaws.com/none:1", **members: Any) -> str:
        container = {"Image": image, "Environment": {"VERSION": "7"}, **members.pop("container", {})}
        specification = {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        named = {} if "ModelPackageName" in members else {"ModelPackageGroupName": self.group}
        made = self.sagemaker.create_model_package(
            InferenceSpecification=specification, CertifyForMarketplace=False, **named, **members
        )
        return str(made["ModelPackageArn"])

    def approve(self, arn: str, status: str = "Approved", **members: Any) -> None:
        self.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, **members)

    def versions(self, **request: Any) -> list[int]:
        pages = self.sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self.group, PaginationConfig={"PageSize": 2}, **request
        )
        return [one["ModelPackageVersion"] for page in pages for one in page["ModelPackageSummaryList"]]

    def search(self, resource: str, expression: dict[str, Any]) -> list[dict[str, Any]]:
        pages = self.sagemaker.get_paginator("search").paginate(
            Resource=resource, SearchExpression=expression, PaginationConfig={"PageSize": 2}
        )
        return [record for page in pages for one in page["Results"] for record in one.values()]


@pytest.fixture
def registry(engine: LiveEngine) -> Registry:
    return Registry(engine)


@pytest.fixture(scope="module")
def serving(engine: LiveEngine) -> Serving:
    return Serving(engine)


@pytest.fixture
def endpoints(serving: Serving) -> Iterator[list[str]]:
    """Names of those to end."""
    made: list[str] = []
    yield made
    for name in made:
        serving.delete(name)


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def _all_of(*filters: tuple[str, str, str]) -> dict[str, Any]:
    return {"Filters": [{"Name": name, "Operator": operator, "Value": value} for name, operator, value in filters]}


def test_the_versions_of_a_group_are_numbered_and_no_number_comes_twice(registry: Registry) -> None:
    arns = [registry.register() for _ in range(3)]
    assert [arn.rsplit("/", 1)[-1] for arn in arns] == ["1", "2", "3"]
    registry.sagemaker.delete_model_package(ModelPackageName=arns[2])
    assert registry.register().endswith("/4")
    assert registry.versions() == [1, 2, 4]
    assert registry.versions(SortOrder="Descending") == [4, 2, 1]
    registry.approve(arns[1])
    assert registry.versions(ModelApprovalStatus="Approved") == [2]
    assert _code(lambda: registry.sagemaker.describe_model_package(ModelPackageName=arns[2])) == "ValidationException"


def test_a_version_tells_what_it_was_registered_with(registry: Registry) -> None:
    metrics = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/statistics.json"}}}
    given: dict[str, Any] = {
        "ModelPackageDescription": "delays of March",
        "ModelMetrics": metrics,
        "CustomerMetadataProperties": {"rmse": "9.1"},
        "MetadataProperties": {"CommitId": "abc"},
    }
    arn = registry.register(**given)
    told = registry.sagemaker.describe_model_package(ModelPackageName=arn)
    assert {name: told[name] for name in given} == given
    assert (told["ModelPackageGroupName"], told["ModelPackageVersion"]) == (registry.group, 1)
    assert (told["ModelPackageStatus"], told["ModelApprovalStatus"]) == ("Completed", "PendingManualApproval")
    by_number = registry.sagemaker.describe_model_package(ModelPackageName=f"{registry.group}/1")
    assert by_number["ModelPackageArn"] == arn


def test_the_same_request_again_registers_nothing_new(registry: Registry) -> None:
    assert registry.register(ClientToken=registry.group) == registry.register(ClientToken=registry.group)
    assert registry.versions() == [1]


def test_an_update_changes_what_it_names_and_says_who_did_it(registry: Registry) -> None:
    arn = registry.register(CustomerMetadataProperties={"a": "1", "b": "2"})
    registry.approve(arn, "Rejected", ApprovalDescription="drifts", CustomerMetadataPropertiesToRemove=["a"])
    told = registry.sagemaker.describe_model_package(ModelPackageName=arn)
    assert (told["ModelApprovalStatus"], told["ApprovalDescription"]) == ("Rejected", "drifts")
    assert told["CustomerMetadataProperties"] == {"b": "2"}
    assert told["LastModifiedBy"]["IamIdentity"]["Arn"].endswith(":root")
    assert told["LastModifiedTime"] >= told["CreationTime"]


def test_an_approval_is_an_event(registry: Registry) -> None:
    listener, events = Listener(registry.engine), registry.engine.client("events")
    detail = {"ModelPackageGroupName": [registry.group], "ModelApprovalStatus": ["Approved"]}
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"], "detail": detail}
    events.put_rule(Name=registry.group, EventPattern=json.dumps(pattern))
    target = {"Id": "one", "Arn": listener.arn, "RoleArn": listener.role}
    events.put_targets(Rule=registry.group, Targets=[target])
    arn = registry.register()
    registry.approve(arn)
    heard = eventually(listener.heard)
    assert [event["resources"] for event in heard] == [[arn]]
    told = heard[0]["detail"]
    assert (told["ModelPackageVersion"], told["UpdatedModelPackageFields"]) == (1, ["ModelApprovalStatus"])
    assert told["CreationTime"] == registry.sagemaker.describe_model_package(ModelPackageName=arn)[
        "CreationTime"
    ].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    events.remove_targets(Rule=registry.group, Ids=["one"])
    events.delete_rule(Name=registry.group)


def test_an_approved_version_is_deployed_as_it_was_packed(
    registry: Registry, serving: Serving, endpoints: list[str]
) -> None:
    arn = registry.register(serving.image, container={"ModelDataUrl": f"s3://{serving.home}/model.tar.gz"})

    def create() -> object:
        return registry.sagemaker.create_model(
            ModelName=registry.group,
            PrimaryContainer={"ModelPackageName": arn, "Environment": {"EXTRA": "1"}},
            ExecutionRoleArn=role(registry.engine, "server"),
        )

    assert _code(create) == "ValidationException"
    registry.approve(arn)
    create()
    told = registry.sagemaker.describe_model(ModelName=registry.group)["PrimaryContainer"]
    assert told["ModelPackageName"] == arn
    endpoints.append(serving.endpoint(serving.config({"ModelName": registry.group})))
    assert serving.invoke(endpoints[0], b"1,2") == "hello,7,1,2"
    assert json.loads(serving.invoke(endpoints[0], b"context"))["EXTRA"] == "1"


def test_a_package_without_a_group_has_a_name_and_no_approval(registry: Registry) -> None:
    name = f"{registry.group}-alone"
    arn = registry.register(ModelPackageName=name, Tags=[{"Key": "k", "Value": "v"}])
    assert registry.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    listed = registry.sagemaker.list_model_packages(NameContains=name)["ModelPackageSummaryList"]
    assert [(one["ModelPackageName"], one["ModelPackageArn"]) for one in listed] == [(name, arn)]
    assert _code(lambda: registry.approve(arn)) == "ValidationException"
    assert _code(lambda: registry.register(ModelPackageName=name)) == "ConflictException"
    versioned = registry.sagemaker.list_model_packages(NameContains=name, ModelPackageType="Versioned")
    assert versioned["ModelPackageSummaryList"] == []


def test_several_are_described_at_once_and_each_that_is_missing_says_so(registry: Registry) -> None:
    arn = registry.register()
    missing = arn[:-1] + "9"
    told = registry.sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, missing])
    assert told["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert told["BatchDescribeModelPackageErrorMap"][missing]["ErrorCode"] == "ValidationException"


def test_a_group_goes_after_its_versions(registry: Registry) -> None:
    sagemaker, arn = registry.sagemaker, registry.register()
    group: dict[str, Any] = {"ModelPackageGroupName": registry.group}
    assert _code(lambda: sagemaker.delete_model_package_group(**group)) == "ConflictException"
    assert _code(lambda: sagemaker.create_model_package_group(ModelPackageGroupName=registry.group.upper())) == (
        "ValidationException"
    )
    sagemaker.delete_model_package(ModelPackageName=arn)
    listed = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=registry.group)
    assert [one["ModelPackageGroupArn"] for page in listed for one in page["ModelPackageGroupSummaryList"]] == [
        registry.group_arn
    ]
    sagemaker.delete_model_package_group(**group)
    assert _code(lambda: sagemaker.describe_model_package_group(**group)) == "ValidationException"


def test_what_has_no_meaning_here_is_refused(registry: Registry) -> None:
    profile = {"ValidationRole": role(registry.engine, "server"), "ValidationProfiles": []}
    assert _code(lambda: registry.register(SecurityConfig={"KmsKeyId": "k"})) == "NotImplemented"
    assert _code(lambda: registry.register(ValidationSpecification=profile)) == "NotImplemented"
    assert _code(lambda: registry.register(Tags=[{"Key": "k", "Value": "v"}])) == "ValidationException"


def test_search_finds_packages_groups_endpoints_and_projects(registry: Registry) -> None:
    arns = [registry.register(CustomerMetadataProperties={"auc": str(value)}) for value in (0.7, 0.8, 0.9)]
    registry.approve(arns[2])
    of_group = _all_of(("ModelPackageGroupName", "Equals", registry.group))
    assert [one["ModelPackageArn"] for one in registry.search("ModelPackage", of_group)] == arns[::-1]
    good = {
        "Filters": [
            *of_group["Filters"],
            *_all_of(("CustomerMetadataProperties.auc", "GreaterThan", "0.75"))["Filters"],
        ]
    }
    assert [one["ModelPackageVersion"] for one in registry.search("ModelPackage", good)] == [3, 2]
    either = [_all_of(("ModelApprovalStatus", "Equals", "Approved")), _all_of(("ModelPackageVersion", "Equals", "1"))]
    both = {**of_group, "SubExpressions": [{"SubExpressions": either, "Operator": "Or"}]}
    assert [one["ModelPackageVersion"] for one in registry.search("ModelPackage", both)] == [3, 1]
    tagged = registry.search("ModelPackageGroup", _all_of(("Tags.team", "Equals", registry.group)))
    assert [one["ModelPackageGroupArn"] for one in tagged] == [registry.group_arn]
    assert registry.search("Endpoint", _all_of(("EndpointName", "Equals", "none"))) == []
    assert registry.search("Project", _all_of(("ProjectName", "Equals", "none"))) == []


def test_a_nested_filter_holds_for_one_object_of_the_list(registry: Registry) -> None:
    registry.register(
        AdditionalInferenceSpecifications=[
            {"Name": "fast", "Description": "large", "Containers": [{"Image": "i"}]},
            {"Name": "cheap", "Description": "small", "Containers": [{"Image": "i"}]},
        ]
    )
    member = "AdditionalInferenceSpecifications"

    def found(name: str, description: str) -> int:
        filters = _all_of((f"{member}.Name", "Equals", name), (f"{member}.Description", "Equals", description))
        nested = [{"NestedPropertyName": member, **filters}]
        of_group = _all_of(("ModelPackageGroupName", "Equals", registry.group))
        return len(registry.search("ModelPackage", {**of_group, "NestedFilters": nested}))

    assert (found("fast", "large"), found("fast", "small")) == (1, 0)


def test_a_stack_makes_a_group_and_ends_it(engine: LiveEngine) -> None:
    name = f"stack-{uuid.uuid4().hex[:8]}"
    group = {
        "Type": "AWS::SageMaker::ModelPackageGroup",
        "Properties": {"ModelPackageGroupName": name, "ModelPackageGroupDescription": "of a stack"},
    }
    outputs = {"Arn": {"Value": {"Ref": "Group"}}, "Status": {"Value": {"Fn::GetAtt": "Group.ModelPackageGroupStatus"}}}
    stack = StackUser(engine, name)
    made = stack.create(json.dumps({"Resources": {"Group": group}, "Outputs": outputs}))
    assert made["StackStatus"] == "CREATE_COMPLETE", made
    told = engine.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
    values = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}
    assert values == {"Arn": told["ModelPackageGroupArn"], "Status": "Completed"}
    assert told["ModelPackageGroupDescription"] == "of a stack"
    stack.delete()
    assert _code(lambda: engine.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)) == (
        "ValidationException"
    )
    assert told["CreationTime"] <= datetime.now(UTC)


def test_the_example_of_the_questions_works(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "faq.md").read_text()
    [example] = re.findall(r"```python\n((?:(?!```).)*create_model_package_group.*?)```", page, re.DOTALL)
    for told, meant in {
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/delays:1": serving.image,
        "s3://bucket": f"s3://{serving.home}",
        "arn:aws:iam::ACCOUNT:role/server": role(serving.engine, "server"),
    }.items():
        assert told in example
        example = example.replace(told, meant)
    keys = serving.engine.credentials()
    for variable, value in {
        "AWS_ENDPOINT_URL": serving.engine.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
    }.items():
        monkeypatch.setenv(variable, value)
    exec(example, {})
    (version,) = serving.sagemaker.list_model_packages(ModelPackageGroupName="delays")["ModelPackageSummaryList"]
    assert version["ModelApprovalStatus"] == "Approved"
    made = serving.sagemaker.describe_model(ModelName="delays-1")["PrimaryContainer"]
    assert made["ModelPackageName"] == version["ModelPackageArn"]
