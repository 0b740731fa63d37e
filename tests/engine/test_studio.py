"""Studio's projects: studio.yml as it is, in the hands of a person who has the rights of docs/studio.md and no others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import limited_role, session
from tests.stacks import check_updates, outputs
from tests.studio import PARAMETERS, STUDIO, Studio
from tests.tags import tagged_types, untagged

COST_TAGS = {"Project": "mls-demo", "Model": "mls-flights", "Stage": "shared"}

SMALL = json.dumps(
    {
        "Parameters": {
            "SageMakerProjectName": {"Type": "String", "MaxLength": 16},
            "SageMakerProjectId": {"Type": "String"},
            "Days": {"Type": "Number", "Default": 7, "AllowedValues": [7, 30, 90], "Description": "how long"},
        },
        "Resources": {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"TopicName": {"Fn::Sub": "mls-${SageMakerProjectName}-${SageMakerProjectId}"}},
            }
        },
        "Outputs": {"Days": {"Value": {"Ref": "Days"}}, "Topic": {"Value": {"Ref": "Topic"}}},
    }
).encode()


@pytest.fixture(scope="module")
def small(engine: LiveEngine) -> tuple[Studio, dict[str, str]]:
    """A published template that is made in no time."""
    studio = Studio(engine, "small", SMALL)
    return studio, studio.publish()


def refused(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_pipeline_is_launched_from_studio_in_the_launch_role_and_leaves_nothing(
    new_engine: Callable[..., LiveEngine],
) -> None:
    live = new_engine()
    live.start()
    studio = Studio(live, "whole")
    published = studio.publish()
    catalogue = studio.client("servicecatalog")
    (product,) = catalogue.search_products()["ProductViewSummaries"]
    assert product["ProductId"] == published["ProductId"]
    given = {**PARAMETERS, "SeedBucket": studio.bucket, "EmailAddress": "admin@example.com"}
    project_id = studio.launch("demo", published["ProductId"], given)

    project = studio.settled("demo")
    assert project["ProjectStatus"] == "CreateCompleted", json.dumps(project, default=str)
    product_id = project["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    assert studio.stacks() == {f"SC-000000000000-{product_id}"}
    told = catalogue.get_provisioned_product_outputs(ProvisionedProductId=product_id)["Outputs"]
    told = {item["OutputKey"]: item["OutputValue"] for item in told}
    assert told["PipelineName"] == "mls-demo"
    assert told["CloudformationStackARN"].split("/")[1] == f"SC-000000000000-{product_id}"
    pipeline = live.client("codepipeline").get_pipeline(name="mls-demo")["pipeline"]
    assert [stage["name"] for stage in pipeline["stages"]] == ["Source", "Build", "Train", "DeployDev", "DeployPrd"]
    build = live.client("codebuild").batch_get_projects(names=["mls-demo-build"])["projects"][0]
    variables = {item["name"]: item["value"] for item in build["environment"]["environmentVariables"]}
    assert (variables["PROJECT_NAME"], variables["PROJECT_ID"]) == ("demo", project_id)

    changes = [{"Key": "TimeoutInMinutes", "Value": "50"}, {"Key": "NetworkEgress", "Value": "NAT"}]
    details = {"ProvisioningParameters": changes}
    studio.client("sagemaker").update_project(ProjectName="demo", ServiceCatalogProvisioningUpdateDetails=details)
    assert studio.settled("demo")["ProjectStatus"] == "UpdateCompleted", studio.settled("demo")
    build = live.client("codebuild").batch_get_projects(names=["mls-demo-build"])["projects"][0]
    assert build["timeoutInMinutes"] == 50

    (stack,) = studio.stacks()
    assert untagged(live, stack, COST_TAGS) == {}
    assert {"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::IAM::Role", "AWS::S3::Bucket"} <= tagged_types(live, stack)

    studio.empty(told["ArtifactBucket"])
    studio.client("sagemaker").delete_project(ProjectName="demo")
    assert studio.settled("demo")["ProjectStatus"] == "DeleteCompleted", studio.settled("demo")
    assert studio.stack.delete()["StackStatus"] == "DELETE_COMPLETE", studio.stack.failures()
    _check_nothing_is_left(live, studio)


def _check_nothing_is_left(live: LiveEngine, studio: Studio) -> None:
    assert studio.stacks() == set()
    assert [bucket["Name"] for bucket in live.client("s3").list_buckets()["Buckets"]] == [studio.bucket]
    assert [role["RoleName"] for role in live.client("iam").list_roles()["Roles"]] == ["whole-studio"]
    assert live.client("ec2").describe_vpcs()["Vpcs"] == []
    assert live.client("efs").describe_file_systems()["FileSystems"] == []
    assert live.client("codepipeline").list_pipelines()["pipelines"] == []
    catalogue = live.client("servicecatalog")
    assert catalogue.list_portfolios()["PortfolioDetails"] == []
    assert catalogue.search_products_as_admin()["ProductViewDetails"] == []
    assert catalogue.scan_provisioned_products()["ProvisionedProducts"] == []


def test_a_project_of_a_template_in_a_bucket_is_a_stack_in_the_given_role(engine: LiveEngine) -> None:
    studio = Studio(engine, "direct")
    published = studio.publish()
    sagemaker = engine.client("sagemaker")
    given = {**PARAMETERS, "SeedBucket": studio.bucket}
    provider: dict[str, Any] = {
        "TemplateName": "pipeline",
        "TemplateURL": published["TemplateUrl"],
        "RoleARN": published["LaunchRoleArn"],
        "Parameters": [{"Key": key, "Value": value} for key, value in given.items()],
    }
    made = sagemaker.create_project(ProjectName="bucket", TemplateProviders=[{"CfnTemplateProvider": provider}])
    project = studio.settled("bucket")
    assert project["ProjectStatus"] == "CreateCompleted", json.dumps(project, default=str)
    (detail,) = [one["CfnTemplateProviderDetail"] for one in project["TemplateProviderDetails"]]
    assert detail["StackDetail"]["Name"] == f"sagemaker-{made['ProjectId']}-pipeline"
    stack = engine.client("cloudformation").describe_stacks(StackName=detail["StackDetail"]["Id"])["Stacks"][0]
    assert (stack["RoleARN"], outputs(stack)["PipelineName"]) == (published["LaunchRoleArn"], "mls-bucket")
    assert untagged(engine, stack["StackName"], {**COST_TAGS, "Project": "mls-bucket"}) == {}
    assert untagged(engine, stack["StackName"], {"CostCentre": "7"}), "of tags that nobody gave, it tells"

    changed = {**provider, "Parameters": [{"Key": "GitBranch", "Value": "other"}]}
    del changed["RoleARN"]
    wanted = [{"CfnTemplateProvider": changed}]
    sagemaker.update_project(ProjectName="bucket", TemplateProvidersToUpdate=wanted)
    assert studio.settled("bucket")["ProjectStatus"] == "UpdateCompleted"
    studio.empty(outputs(stack)["ArtifactBucket"])
    sagemaker.delete_project(ProjectName="bucket")
    assert studio.settled("bucket")["ProjectStatus"] == "DeleteCompleted", studio.settled("bucket")
    assert detail["StackDetail"]["Name"] not in studio.stacks()


def test_a_new_version_of_the_template_is_for_new_projects_and_for_updates(
    small: tuple[Studio, dict[str, str]],
) -> None:
    studio, published = small
    studio.launch("versions", published["ProductId"], {})
    first = studio.settled("versions")["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    studio.upload(SMALL.replace(b'"Default": 7', b'"Default": 30'))
    updated = studio.stack.change_parameters({"TemplateVersion": "v2"})
    assert updated["StackStatus"] == "UPDATE_COMPLETE", studio.stack.failures()
    catalogue = studio.client("servicecatalog")
    described = catalogue.describe_product(Id=published["ProductId"])
    (version,) = described["ProvisioningArtifacts"]
    assert version["Name"] == "v2"
    asked = catalogue.describe_provisioning_parameters(
        ProductId=published["ProductId"], ProvisioningArtifactId=version["Id"]
    )
    days = asked["ProvisioningArtifactParameters"][2]
    assert (days["ParameterKey"], days["DefaultValue"], days["Description"]) == ("Days", "30", "how long")
    assert (days["ParameterType"], days["ParameterConstraints"]["AllowedValues"]) == ("Number", ["7", "30", "90"])
    assert _days(catalogue, first) == "7", "what stands stays"

    details = {"ProvisioningArtifactId": version["Id"], "ProvisioningParameters": [{"Key": "Days", "Value": "90"}]}
    studio.client("sagemaker").update_project(ProjectName="versions", ServiceCatalogProvisioningUpdateDetails=details)
    assert studio.settled("versions")["ProjectStatus"] == "UpdateCompleted"
    assert _days(catalogue, first) == "90"
    _end(studio, "versions")


def _days(catalogue: Any, product: str) -> str:
    asked = catalogue.get_provisioned_product_outputs(ProvisionedProductId=product, OutputKeys=["Days"])
    return str(asked["Outputs"][0]["OutputValue"])


def _end(studio: Studio, name: str) -> None:
    studio.client("sagemaker").delete_project(ProjectName=name)
    assert studio.settled(name)["ProjectStatus"] == "DeleteCompleted", studio.settled(name)


def test_a_project_whose_name_is_too_long_for_the_template_fails_with_the_reason_and_goes(
    small: tuple[Studio, dict[str, str]],
) -> None:
    studio, published = small
    name = "seventeen-letters"
    studio.launch(name, published["ProductId"], {})
    failed = studio.settled(name)
    assert failed["ProjectStatus"] == "CreateFailed"
    message = failed["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductStatusMessage"]
    assert "SageMakerProjectName" in message and "16" in message and "\n" not in message
    catalogue = studio.client("servicecatalog")
    product = failed["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    assert catalogue.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]["Status"] == "ERROR"
    _end(studio, name)
    assert "not found" in refused(catalogue.describe_provisioned_product, Id=product)


def test_what_cannot_be_launched_is_refused_in_one_line(small: tuple[Studio, dict[str, str]]) -> None:
    studio, published = small
    create = studio.client("sagemaker").create_project
    nothing = {"ServiceCatalogProvisioningDetails": {"ProductId": "prod-none"}}
    assert "Product prod-none not found" in refused(create, ProjectName="none", **nothing)
    details = {"ServiceCatalogProvisioningDetails": {"ProductId": published["ProductId"]}}
    too_long = "a" * 33
    assert "ProjectName" in refused(create, ProjectName=too_long, **details)
    assert "either" in refused(create, ProjectName="neither")
    stranger = limited_role(studio.live, "stranger", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    theirs = session(studio.live, stranger, "sagemaker").create_project
    assert "No launch paths found" in refused(theirs, ProjectName="strange", **details)
    assert refused(studio.client("sagemaker").describe_project, ProjectName="strange").endswith("does not exist.")
    powerless = limited_role(
        studio.live,
        "powerless",
        {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"},
    )
    asked = session(studio.live, powerless, "sagemaker").create_project
    assert "servicecatalog:ProvisionProduct" in refused(asked, ProjectName="weak", **details)


def test_names_are_taken_once_and_free_again_after_deletion(small: tuple[Studio, dict[str, str]]) -> None:
    studio, published = small
    first = studio.launch("again", published["ProductId"], {})
    details = {"ServiceCatalogProvisioningDetails": {"ProductId": published["ProductId"]}}
    taken = refused(studio.client("sagemaker").create_project, ProjectName="again", **details)
    assert "Project again already exists" in taken
    studio.settled("again")
    _end(studio, "again")
    assert "was deleted" in refused(studio.client("sagemaker").delete_project, ProjectName="again")
    assert studio.launch("again", published["ProductId"], {}) != first
    assert studio.settled("again")["ProjectStatus"] == "CreateCompleted"
    _end(studio, "again")


def test_the_launch_role_makes_nothing_outside_of_its_prefix(engine: LiveEngine) -> None:
    studio = Studio(engine, "outside")
    published = studio.publish()
    studio.launch("other", published["ProductId"], {**PARAMETERS, "ProjectPrefix": "oth"})
    failed = studio.settled("other")
    assert failed["ProjectStatus"] == "CreateFailed"
    message = failed["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductStatusMessage"]
    assert "not authorized" in message and "oth-other" in message
    _end(studio, "other")


def test_studio_yml_takes_an_update_and_a_failed_one_is_taken_back(small: tuple[Studio, dict[str, str]]) -> None:
    studio, _ = small
    check_updates(studio.stack, studio.bucket, STUDIO.read_text(), studio.parameters())
