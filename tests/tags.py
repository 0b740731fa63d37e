"""The tags of what a stack has made, as the services tell them, for each type of resource that takes any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import cfnlint.schema.manager as schemas

from tests.live import LiveEngine

ACCOUNT = "000000000000"
REGION = "us-east-1"
# Types of no resource, and dashboards, which have no tags on the engine.
NO_RESOURCE = ("AWS::CloudFormation::", "Custom::", "AWS::CloudWatch::Dashboard")


def property_of_tags(kind: str) -> str:
    """By which a template tags a resource of the type; empty where it takes no tags."""
    schema = schemas.PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return next((name for name in schema["properties"] if name.endswith("Tags") and name != "PropagateTags"), "")


def untagged(engine: LiveEngine, stack: str, wanted: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Of the stack's resources that take tags, those without the wanted ones, with the tags that they have."""
    resources = engine.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    found = {}
    for resource in resources:
        kind = resource["ResourceType"]
        if kind.startswith(NO_RESOURCE) or not property_of_tags(kind):
            continue
        tags = READERS[kind](engine, resource["PhysicalResourceId"])
        if not wanted.items() <= tags.items():
            found[resource["LogicalResourceId"]] = tags
    return found


def tagged_types(engine: LiveEngine, stack: str) -> set[str]:
    """The types of the stack's resources that take tags."""
    resources = engine.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    kinds = {resource["ResourceType"] for resource in resources}
    return {kind for kind in kinds if not kind.startswith(NO_RESOURCE) and property_of_tags(kind)}


# ---------------------------------------------------------------------- each service has its own way
Reader = Callable[[LiveEngine, str], dict[str, str]]


def _pairs(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Of tags as `Key` and `Value`, however they are written."""
    lowered = [{key.lower().removeprefix("tag"): value for key, value in tag.items()} for tag in tags]
    return {tag["key"]: tag["value"] for tag in lowered}


def _listed(service: str, arn: str, *, argument: str, answer: str, operation: str = "list_tags_for_resource") -> Reader:
    """`arn` is made of the physical id; one that is an ARN stays."""

    def read(engine: LiveEngine, key: str) -> dict[str, str]:
        whole = key if key.startswith("arn:") else arn.format(key=key)
        tags = getattr(engine.client(service), operation)(**{argument: whole})[answer]
        return dict(tags) if isinstance(tags, Mapping) else _pairs(tags)

    return read


def _of_ec2(operation: str, argument: str, answer: str) -> Reader:
    def read(engine: LiveEngine, key: str) -> dict[str, str]:
        given = [key]
        return _pairs(getattr(engine.client("ec2"), operation)(**{argument: given})[answer][0]["Tags"])

    return read


def _arn(service: str, rest: str, place: str = f"{REGION}:{ACCOUNT}") -> str:
    return f"arn:aws:{service}:{place}:{rest}"


def _of_bucket(engine: LiveEngine, key: str) -> dict[str, str]:
    return _pairs(engine.client("s3").get_bucket_tagging(Bucket=key)["TagSet"])


def _of_role(engine: LiveEngine, key: str) -> dict[str, str]:
    return _pairs(engine.client("iam").list_role_tags(RoleName=key)["Tags"])


def _of_build(engine: LiveEngine, key: str) -> dict[str, str]:
    return _pairs(engine.client("codebuild").batch_get_projects(names=[key])["projects"][0]["tags"])


def _of_group(engine: LiveEngine, key: str) -> dict[str, str]:
    codedeploy = engine.client("codedeploy")
    for application in codedeploy.list_applications()["applications"]:
        if key in codedeploy.list_deployment_groups(applicationName=application)["deploymentGroups"]:
            arn = _arn("codedeploy", f"deploymentgroup:{application}/{key}")
            return _pairs(codedeploy.list_tags_for_resource(ResourceArn=arn)["Tags"])
    raise AssertionError(f"there is no deployment group {key}")


def _of_stage(engine: LiveEngine, key: str) -> dict[str, str]:
    apis = engine.client("apigateway").get_rest_apis()["items"]
    stages = [stage for api in apis for stage in engine.client("apigateway").get_stages(restApiId=api["id"])["item"]]
    return dict(next(stage for stage in stages if stage["stageName"] == key).get("tags", {}))


def _of_target(engine: LiveEngine, key: str) -> dict[str, str]:
    """Its physical id is what is scaled, with the dimension and the service."""
    scaling: Any = engine.client("application-autoscaling")
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    [target] = [one for one in found if one["ResourceId"] in key]
    return dict(scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"])


def _of_repository(engine: LiveEngine, key: str) -> dict[str, str]:
    """Its physical id is not its name."""
    codecommit = engine.client("codecommit")
    found = {one["repositoryId"]: one["repositoryName"] for one in codecommit.list_repositories()["repositories"]}
    return dict(codecommit.list_tags_for_resource(resourceArn=_arn("codecommit", found[key]))["tags"])


def _of_address(engine: LiveEngine, key: str) -> dict[str, str]:
    addresses = engine.client("ec2").describe_addresses()["Addresses"]
    return _pairs(next(one for one in addresses if key in (one["PublicIp"], one["AllocationId"]))["Tags"])


def _of_sagemaker(noun: str) -> Reader:
    arn = _arn("sagemaker", f"{noun}/{{key}}")
    return _listed("sagemaker", arn, argument="ResourceArn", answer="Tags", operation="list_tags")


READERS: dict[str, Reader] = {
    "AWS::ApiGateway::RestApi": lambda engine, key: dict(
        engine.client("apigateway").get_rest_api(restApiId=key).get("tags", {})
    ),
    "AWS::ApiGateway::Stage": _of_stage,
    "AWS::ApplicationAutoScaling::ScalableTarget": _of_target,
    "AWS::CloudWatch::Alarm": _listed(
        "cloudwatch", _arn("cloudwatch", "alarm:{key}"), argument="ResourceARN", answer="Tags"
    ),
    "AWS::CodeBuild::Project": _of_build,
    "AWS::CodeCommit::Repository": _of_repository,
    "AWS::CodeDeploy::Application": _listed(
        "codedeploy", _arn("codedeploy", "application:{key}"), argument="ResourceArn", answer="Tags"
    ),
    "AWS::CodeDeploy::DeploymentGroup": _of_group,
    "AWS::CodePipeline::Pipeline": _listed(
        "codepipeline", _arn("codepipeline", "{key}"), argument="resourceArn", answer="tags"
    ),
    "AWS::EC2::InternetGateway": _of_ec2("describe_internet_gateways", "InternetGatewayIds", "InternetGateways"),
    "AWS::EC2::NatGateway": _of_ec2("describe_nat_gateways", "NatGatewayIds", "NatGateways"),
    "AWS::EC2::EIP": _of_address,
    "AWS::EC2::RouteTable": _of_ec2("describe_route_tables", "RouteTableIds", "RouteTables"),
    "AWS::EC2::SecurityGroup": _of_ec2("describe_security_groups", "GroupIds", "SecurityGroups"),
    "AWS::EC2::Subnet": _of_ec2("describe_subnets", "SubnetIds", "Subnets"),
    "AWS::EC2::VPC": _of_ec2("describe_vpcs", "VpcIds", "Vpcs"),
    "AWS::EC2::VPCEndpoint": _of_ec2("describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints"),
    "AWS::ECR::Repository": _listed("ecr", _arn("ecr", "repository/{key}"), argument="resourceArn", answer="tags"),
    "AWS::EFS::AccessPoint": _listed("efs", "{key}", argument="ResourceId", answer="Tags"),
    "AWS::EFS::FileSystem": _listed("efs", "{key}", argument="ResourceId", answer="Tags"),
    "AWS::Events::Rule": _listed("events", _arn("events", "rule/{key}"), argument="ResourceARN", answer="Tags"),
    "AWS::IAM::Role": _of_role,
    "AWS::KMS::Key": _listed("kms", "{key}", argument="KeyId", answer="Tags", operation="list_resource_tags"),
    "AWS::Lambda::Function": _listed(
        "lambda", _arn("lambda", "function:{key}"), argument="Resource", answer="Tags", operation="list_tags"
    ),
    "AWS::S3::Bucket": _of_bucket,
    "AWS::SNS::Topic": _listed("sns", _arn("sns", "{key}"), argument="ResourceArn", answer="Tags"),
    "AWS::SecretsManager::Secret": _listed(
        "secretsmanager", "{key}", argument="SecretId", answer="Tags", operation="describe_secret"
    ),
    "AWS::SageMaker::DataQualityJobDefinition": _of_sagemaker("data-quality-job-definition"),
    "AWS::SageMaker::ModelQualityJobDefinition": _of_sagemaker("model-quality-job-definition"),
    "AWS::SageMaker::Endpoint": _of_sagemaker("endpoint"),
    "AWS::SageMaker::EndpointConfig": _of_sagemaker("endpoint-config"),
    "AWS::SageMaker::Model": _of_sagemaker("model"),
    "AWS::SageMaker::MonitoringSchedule": _of_sagemaker("monitoring-schedule"),
    "AWS::StepFunctions::StateMachine": _listed(
        "stepfunctions", _arn("states", "stateMachine:{key}"), argument="resourceArn", answer="tags"
    ),
}
