"""CloudFormation: which parts make the room, and which resource types it has."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.services.cloudformation.change_sets import ChangeSets
from mlsystem.engine.services.cloudformation.custom_answers import CustomAnswers
from mlsystem.engine.services.cloudformation.custom_requests import PREFIX, CustomRequests
from mlsystem.engine.services.cloudformation.custom_resource import CustomResource
from mlsystem.engine.services.cloudformation.descriptions import StackDescriptions
from mlsystem.engine.services.cloudformation.operations import StackOperations
from mlsystem.engine.services.cloudformation.permissions import PERMISSIONS
from mlsystem.engine.services.cloudformation.registry import Registry
from mlsystem.engine.services.cloudformation.resource_type import ResourceType
from mlsystem.engine.services.cloudformation.resources import Resources
from mlsystem.engine.services.cloudformation.stack import StackMachine
from mlsystem.engine.services.cloudformation.types import (
    apigateway,
    apigateway_access,
    application_autoscaling,
    cloudwatch,
    codebuild,
    codecommit,
    codedeploy,
    codepipeline,
    ec2,
    ecr,
    efs,
    events,
    iam,
    kms,
    lambda_,
    lambda_alias,
    logs,
    s3,
    sagemaker,
    sagemaker_monitoring,
    scheduler,
    secretsmanager,
    servicecatalog,
    sns,
    stepfunctions,
)
from mlsystem.engine.store.keys import KeyRing

TYPES: tuple[ResourceType, ...] = (
    apigateway.DEPLOYMENT,
    apigateway_access.API_KEY,
    apigateway_access.USAGE_PLAN,
    apigateway_access.USAGE_PLAN_KEY,
    apigateway.REST_API,
    apigateway.STAGE,
    application_autoscaling.SCALABLE_TARGET,
    application_autoscaling.SCALING_POLICY,
    cloudwatch.ALARM,
    cloudwatch.COMPOSITE_ALARM,
    cloudwatch.DASHBOARD,
    codebuild.PROJECT,
    codecommit.Repository(),
    codedeploy.APPLICATION,
    codedeploy.DEPLOYMENT_CONFIG,
    codedeploy.DEPLOYMENT_GROUP,
    codepipeline.PIPELINE,
    *ec2.TYPES,
    ecr.REPOSITORY,
    *efs.TYPES,
    events.Rule(),
    iam.Policy(),
    iam.Role(),
    kms.ALIAS,
    kms.KEY,
    lambda_.Function(),
    lambda_.PERMISSION,
    lambda_.Version(),
    lambda_alias.Alias(),
    logs.LOG_GROUP,
    logs.METRIC_FILTER,
    s3.BUCKET,
    s3.BUCKET_POLICY,
    sagemaker.ENDPOINT_CONFIG,
    sagemaker.Endpoint(),
    sagemaker.MODEL,
    sagemaker.MODEL_PACKAGE_GROUP,
    sagemaker_monitoring.DATA_QUALITY_JOB_DEFINITION,
    sagemaker_monitoring.MODEL_QUALITY_JOB_DEFINITION,
    sagemaker_monitoring.MONITORING_SCHEDULE,
    scheduler.SCHEDULE,
    secretsmanager.SECRET,
    *servicecatalog.TYPES,
    sns.SUBSCRIPTION,
    sns.TOPIC,
    sns.TopicPolicy(),
    stepfunctions.ACTIVITY,
    stepfunctions.STATE_MACHINE,
)


def open_room(house: House, keys: KeyRing) -> Room:
    custom = CustomRequests(house, keys)
    registry = Registry(TYPES, CustomResource(custom))
    machine = StackMachine(registry)
    operations = StackOperations(house, machine, registry)
    parts = [
        operations,
        ChangeSets(house, operations, registry),
        StackDescriptions(house),
        Resources(house, machine, registry),
        custom,
    ]
    return Room("cloudformation", parts, PERMISSIONS, {PREFIX: CustomAnswers(custom)})
