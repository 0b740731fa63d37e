"""The Service Catalog by its API alone: what is offered, what is refused, and what is told of launches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import limited_role, role, session

TEMPLATE = json.dumps(
    {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}},
        "Outputs": {"Topic": {"Value": {"Ref": "Topic"}, "Description": "its ARN"}},
    }
)
KIND = "CLOUD_FORMATION_TEMPLATE"


class Shop:
    """A portfolio with a product of its own, made by the account."""

    def __init__(self, live: LiveEngine, name: str):
        self.live = live
        self.client = live.client("servicecatalog")
        self.bucket = f"{name}-shop"
        live.client("s3").create_bucket(Bucket=self.bucket)
        live.client("s3").put_object(Bucket=self.bucket, Key="topic.json", Body=TEMPLATE.encode())
        made = self.client.create_portfolio(DisplayName=name, ProviderName="us", IdempotencyToken=name)
        self.portfolio = made["PortfolioDetail"]["Id"]
        product = self.client.create_product(**self.product(name))
        self.id = product["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
        self.version = product["ProvisioningArtifactDetail"]["Id"]
        self.client.associate_product_with_portfolio(ProductId=self.id, PortfolioId=self.portfolio)

    def product(self, name: str) -> dict[str, Any]:
        version = {"Name": "v1", "Info": {"LoadTemplateFromURL": self.url("topic.json")}, "Type": KIND}
        given = {"Name": name, "Owner": "us", "ProductType": KIND, "ProvisioningArtifactParameters": version}
        return {**given, "IdempotencyToken": name}

    def url(self, key: str) -> str:
        return f"https://{self.bucket}.s3.us-east-1.amazonaws.com/{key}"

    def launch(self, name: str, topic: str, token: str = "once") -> dict[str, Any]:
        parameters = [{"Key": "Name", "Value": topic}]
        made = self.client.provision_product(
            ProductId=self.id,
            ProvisionedProductName=name,
            ProvisioningParameters=parameters,
            ProvisionToken=token,
            Tags=[{"Key": "team", "Value": "ml"}],
        )
        return dict(made["RecordDetail"])

    def ended(self, record: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client.describe_record(Id=record)["RecordDetail"]
            return found if found["Status"] in ("SUCCEEDED", "FAILED") else None

        return dict(self.live.eventually(look))


@pytest.fixture(scope="module")
def shop(engine: LiveEngine) -> Shop:
    return Shop(engine, "corner")


def refused(code: str, call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value)


def test_a_product_is_launched_told_of_changed_and_ended(shop: Shop) -> None:
    record = shop.launch("first", "first-topic")
    assert record["RecordType"] == "PROVISION_PRODUCT"
    assert shop.launch("first", "first-topic")["RecordId"] == record["RecordId"], "a repetition"
    assert shop.ended(record["RecordId"])["Status"] == "SUCCEEDED"
    told = shop.client.describe_record(Id=record["RecordId"])["RecordOutputs"]
    assert {one["OutputKey"]: one.get("Description") for one in told}["Topic"] == "its ARN"
    product = record["ProvisionedProductId"]
    (found,) = shop.client.search_provisioned_products(Filters={"SearchQuery": ["name:first"]})["ProvisionedProducts"]
    assert (found["Id"], found["Status"], found["PhysicalId"]) == (product, "AVAILABLE", told[0]["OutputValue"])
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert (tags["team"], tags["aws:servicecatalog:provisioningArtifactIdentifier"]) == ("ml", shop.version)
    taken = refused("InvalidParametersException", shop.launch, name="first", topic="x", token="other")
    assert "already exists" in taken

    changed = shop.client.update_provisioned_product(
        ProvisionedProductName="first", ProvisioningParameters=[{"Key": "Name", "Value": "second-topic"}]
    )
    assert shop.ended(changed["RecordDetail"]["RecordId"])["Status"] == "SUCCEEDED"
    outputs = shop.client.get_provisioned_product_outputs(ProvisionedProductName="first", OutputKeys=["Topic"])
    assert outputs["Outputs"][0]["OutputValue"].endswith(":second-topic")
    nothing = shop.client.get_provisioned_product_outputs
    assert "no output Pipe" in refused(
        "InvalidParametersException", nothing, ProvisionedProductId=product, OutputKeys=["Pipe"]
    )

    ending = shop.client.terminate_provisioned_product(ProvisionedProductId=product)["RecordDetail"]
    assert shop.ended(ending["RecordId"])["Status"] == "SUCCEEDED"
    refused("ResourceNotFoundException", shop.client.describe_provisioned_product, Id=product)
    history = shop.client.list_record_history(SearchFilter={"Key": "provisionedproduct", "Value": product})
    kinds = [one["RecordType"].partition("_")[0] for one in history["RecordDetails"]]
    assert kinds == ["TERMINATE", "UPDATE", "PROVISION"]


def test_a_launch_that_fails_says_what_failed_first_and_can_be_ended(shop: Shop) -> None:
    record = shop.ended(shop.launch("wrong", "no topic!")["RecordId"])
    assert record["Status"] == "FAILED"
    (error,) = record["RecordErrors"]
    assert "Topic" in error["Description"]
    product = record["ProvisionedProductId"]
    detail = shop.client.describe_provisioned_product(Id=product)["ProvisionedProductDetail"]
    assert (detail["Status"], detail["StatusMessage"]) == ("ERROR", error["Description"])
    ending = shop.client.terminate_provisioned_product(ProvisionedProductId=product)["RecordDetail"]
    assert shop.ended(ending["RecordId"])["Status"] == "SUCCEEDED"


def test_without_a_launch_role_a_product_is_launched_with_the_rights_of_who_launches(shop: Shop) -> None:
    everything = {"Effect": "Allow", "Action": "servicecatalog:*", "Resource": "*"}
    arn = limited_role(shop.live, "shopper", everything)
    client = session(shop.live, arn, "servicecatalog")
    assert client.search_products()["ProductViewSummaries"] == []
    refused("ResourceNotFoundException", client.list_launch_paths, ProductId=shop.id)
    shop.client.associate_principal_with_portfolio(
        PortfolioId=shop.portfolio, PrincipalARN="arn:aws:iam:::role/shop*", PrincipalType="IAM_PATTERN"
    )
    (path,) = client.list_launch_paths(ProductId=shop.id)["LaunchPathSummaries"]
    assert (path["Name"], path["ConstraintSummaries"]) == ("corner", [])
    asked = {"ProductId": shop.id, "PathId": path["Id"], "ProvisionedProductName": "theirs"}
    parameters = [{"Key": "Name", "Value": "their-topic"}]
    record = client.provision_product(**asked, ProvisioningParameters=parameters)["RecordDetail"]
    failed = shop.ended(record["RecordId"])
    assert "s3:GetObject" in failed["RecordErrors"][0]["Description"]
    client.terminate_provisioned_product(ProvisionedProductId=record["ProvisionedProductId"])


def test_what_is_in_use_stays_and_what_is_wrong_is_refused_by_name(shop: Shop) -> None:
    client = shop.client
    held = refused("ResourceInUseException", client.delete_portfolio, Id=shop.portfolio)
    assert "has products" in held
    assert shop.portfolio in refused("ResourceInUseException", client.delete_product, Id=shop.id)
    only = {"ProductId": shop.id, "ProvisioningArtifactId": shop.version}
    refused("ResourceInUseException", client.delete_provisioning_artifact, **only)
    role_arn = role(shop.live, "launcher-of-shop")
    place = {"PortfolioId": shop.portfolio, "ProductId": shop.id}
    wrong = {**place, "Type": "LAUNCH", "Parameters": '{"Role": "x"}'}
    assert "RoleArn" in refused("InvalidParametersException", client.create_constraint, **wrong)
    other = {**place, "Type": "TEMPLATE", "Parameters": "{}"}
    assert "constraint of type TEMPLATE" in refused("NotImplemented", client.create_constraint, **other)
    elsewhere = {**place, "Type": "LAUNCH", "Parameters": json.dumps({"RoleArn": role_arn})}
    denied = refused("AccessDeniedException", client.create_constraint, **elsewhere)
    assert "servicecatalog.amazonaws.com" in denied, "the role does not trust the Service Catalog"
    info = {"Name": "v2", "Info": {"LoadTemplateFromURL": shop.url("nothing.json")}}
    create = client.create_provisioning_artifact
    assert "cannot be read" in refused("InvalidParametersException", create, ProductId=shop.id, Parameters=info)
    shop.live.client("s3").put_object(Bucket=shop.bucket, Key="bad.json", Body=b'{"Resources": {}}')
    bad = {"Name": "v2", "Info": {"LoadTemplateFromURL": shop.url("bad.json")}}
    assert "Invalid template" in refused("InvalidParametersException", create, ProductId=shop.id, Parameters=bad)
    refused("ResourceNotFoundException", client.describe_portfolio, Id="port-none")
    refused("ResourceNotFoundException", client.describe_record, Id="rec-none")


def test_versions_come_go_and_are_hidden(shop: Shop) -> None:
    info = {"LoadTemplateFromURL": shop.url("topic.json")}
    asked = {"ProductId": shop.id, "Parameters": {"Name": "v2", "Info": info}, "IdempotencyToken": "v2"}
    made = shop.client.create_provisioning_artifact(**asked)["ProvisioningArtifactDetail"]
    again = shop.client.create_provisioning_artifact(**asked)["ProvisioningArtifactDetail"]
    assert made["Id"] == again["Id"]
    which = {"ProductId": shop.id, "ProvisioningArtifactId": made["Id"]}
    shop.client.update_provisioning_artifact(**which, Active=False, Description="old")
    listed = shop.client.list_provisioning_artifacts(ProductId=shop.id)["ProvisioningArtifactDetails"]
    assert [(one["Name"], one["Active"]) for one in listed] == [("v1", True), ("v2", False)]
    shown = shop.client.describe_product(Id=shop.id)["ProvisioningArtifacts"]
    assert [one["Name"] for one in shown] == ["v1"]
    shop.client.delete_provisioning_artifact(**which)
    assert len(shop.client.list_provisioning_artifacts(ProductId=shop.id)["ProvisioningArtifactDetails"]) == 1


def test_a_product_in_two_portfolios_asks_for_the_path(engine: LiveEngine) -> None:
    shop = Shop(engine, "twice")
    second = shop.client.create_portfolio(DisplayName="second", ProviderName="us")["PortfolioDetail"]["Id"]
    shop.client.associate_product_with_portfolio(ProductId=shop.id, PortfolioId=second)
    assert "name a PathId" in refused("InvalidParametersException", shop.launch, name="which", topic="which")
    held = shop.client.list_portfolios_for_product(ProductId=shop.id)["PortfolioDetails"]
    assert [one["DisplayName"] for one in held] == ["twice", "second"]
    shop.client.disassociate_product_from_portfolio(ProductId=shop.id, PortfolioId=second)
    shop.client.delete_portfolio(Id=second)
    assert shop.ended(shop.launch("which", "which-topic")["RecordId"])["Status"] == "SUCCEEDED"
