"""What SageMaker's operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Asked, Entry, Permissions, Resource, given, on, passes
from mlsystem.engine.services.sagemaker.model_package import group_arn, package_arn

ROOT = "arn:${Partition}:sagemaker:${Region}:${Account}:"
TRAINING_JOB = ROOT + "training-job/${TrainingJobName}"
PROCESSING_JOB = ROOT + "processing-job/${ProcessingJobName}"
TRANSFORM_JOB = ROOT + "transform-job/${TransformJobName}"
MODEL = ROOT + "model/${ModelName}"
ENDPOINT_CONFIG = ROOT + "endpoint-config/${EndpointConfigName}"
ENDPOINT = ROOT + "endpoint/${EndpointName}"
EXPERIMENT = ROOT + "experiment/${ExperimentName}"
TRIAL = ROOT + "experiment-trial/${TrialName}"
TRIAL_COMPONENT = ROOT + "experiment-trial-component/${TrialComponentName}"
SCHEDULE = ROOT + "monitoring-schedule/${MonitoringScheduleName}"
DATA_QUALITY = ROOT + "data-quality-job-definition/${JobDefinitionName}"
MODEL_QUALITY = ROOT + "model-quality-job-definition/${JobDefinitionName}"
PROJECT = ROOT + "project/${ProjectName}"
RESOURCE = "${ResourceArn}"


def named(member: str, arn_of: Callable[[Scope, str], str]) -> Callable[[Asked], Iterable[str]]:
    """The ARN of what a member names, be it by name or by ARN."""
    return lambda asked: [arn_of(asked.scope, given) for given in asked.values(member)]


PACKAGE = named("ModelPackageName", package_arn)
PACKAGE_GROUP = named("ModelPackageGroupName", group_arn)

SERVICE = "sagemaker.amazonaws.com"
JOB_ROLE = passes("RoleArn", SERVICE)
EXECUTION_ROLE = passes("ExecutionRoleArn", SERVICE)
MONITORING_ROLE = passes("MonitoringScheduleConfig.MonitoringJobDefinition.RoleArn", SERVICE)

# CloudFormation makes the stacks of a project in this role.
TEMPLATE_ROLE = passes("TemplateProviders.CfnTemplateProvider.RoleARN", "cloudformation.amazonaws.com")


def tagged(resource: str | Resource) -> Entry:
    return [on(resource), given("Tags", on(resource, action="AddTags"))]


PERMISSIONS = Permissions(
    "sagemaker",
    {
        # jobs
        "CreateTrainingJob": [*tagged(TRAINING_JOB), JOB_ROLE],
        "DescribeTrainingJob": [on(TRAINING_JOB)],
        "ListTrainingJobs": [on(ANY)],
        "StopTrainingJob": [on(TRAINING_JOB)],
        "CreateProcessingJob": [*tagged(PROCESSING_JOB), JOB_ROLE],
        "DescribeProcessingJob": [on(PROCESSING_JOB)],
        "ListProcessingJobs": [on(ANY)],
        "StopProcessingJob": [on(PROCESSING_JOB)],
        "CreateTransformJob": tagged(TRANSFORM_JOB),
        "DescribeTransformJob": [on(TRANSFORM_JOB)],
        "ListTransformJobs": [on(ANY)],
        "StopTransformJob": [on(TRANSFORM_JOB)],
        # models and endpoints
        "CreateModel": [*tagged(MODEL), EXECUTION_ROLE],
        "DeleteModel": [on(MODEL)],
        "DescribeModel": [on(MODEL)],
        "ListModels": [on(ANY)],
        "CreateModelPackageGroup": tagged(PACKAGE_GROUP),
        "DeleteModelPackageGroup": [on(PACKAGE_GROUP)],
        "DescribeModelPackageGroup": [on(PACKAGE_GROUP)],
        "ListModelPackageGroups": [on(ANY)],
        "CreateModelPackage": [on(PACKAGE), given("Tags", on(PACKAGE, action="AddTags"))],
        "DeleteModelPackage": [on(PACKAGE)],
        "DescribeModelPackage": [on(PACKAGE)],
        "BatchDescribeModelPackage": [on("${ModelPackageArnList}")],
        "ListModelPackages": [on(ANY)],
        "UpdateModelPackage": [on("${ModelPackageArn}")],
        "CreateEndpointConfig": [*tagged(ENDPOINT_CONFIG), EXECUTION_ROLE],
        "DeleteEndpointConfig": [on(ENDPOINT_CONFIG)],
        "DescribeEndpointConfig": [on(ENDPOINT_CONFIG)],
        "ListEndpointConfigs": [on(ANY)],
        "CreateEndpoint": [on(ENDPOINT, ENDPOINT_CONFIG), given("Tags", on(ENDPOINT, action="AddTags"))],
        "DeleteEndpoint": [on(ENDPOINT)],
        "DescribeEndpoint": [on(ENDPOINT)],
        "ListEndpoints": [on(ANY)],
        "UpdateEndpoint": [on(ENDPOINT, ENDPOINT_CONFIG)],
        "UpdateEndpointWeightsAndCapacities": [on(ENDPOINT)],
        # monitoring
        "CreateDataQualityJobDefinition": [*tagged(DATA_QUALITY), JOB_ROLE],
        "DeleteDataQualityJobDefinition": [on(DATA_QUALITY)],
        "DescribeDataQualityJobDefinition": [on(DATA_QUALITY)],
        "ListDataQualityJobDefinitions": [on(ANY)],
        "CreateModelQualityJobDefinition": [*tagged(MODEL_QUALITY), JOB_ROLE],
        "DeleteModelQualityJobDefinition": [on(MODEL_QUALITY)],
        "DescribeModelQualityJobDefinition": [on(MODEL_QUALITY)],
        "ListModelQualityJobDefinitions": [on(ANY)],
        "CreateMonitoringSchedule": [*tagged(SCHEDULE), MONITORING_ROLE],
        "DeleteMonitoringSchedule": [on(SCHEDULE)],
        "DescribeMonitoringSchedule": [on(SCHEDULE)],
        "ListMonitoringExecutions": [on(ANY)],
        "ListMonitoringSchedules": [on(ANY)],
        "StartMonitoringSchedule": [on(SCHEDULE)],
        "StopMonitoringSchedule": [on(SCHEDULE)],
        "UpdateMonitoringSchedule": [on(SCHEDULE), MONITORING_ROLE],
        # experiments
        "CreateExperiment": tagged(EXPERIMENT),
        "DeleteExperiment": [on(EXPERIMENT)],
        "DescribeExperiment": [on(EXPERIMENT)],
        "ListExperiments": [on(ANY)],
        "UpdateExperiment": [on(EXPERIMENT)],
        "CreateTrial": [on(TRIAL, EXPERIMENT), given("Tags", on(TRIAL, action="AddTags"))],
        "DeleteTrial": [on(TRIAL)],
        "DescribeTrial": [on(TRIAL)],
        "ListTrials": [on(ANY)],
        "CreateTrialComponent": tagged(TRIAL_COMPONENT),
        "DeleteTrialComponent": [on(TRIAL_COMPONENT)],
        "DescribeTrialComponent": [on(TRIAL_COMPONENT)],
        "ListTrialComponents": [on(ANY)],
        "UpdateTrialComponent": [on(TRIAL_COMPONENT)],
        "AssociateTrialComponent": [on(TRIAL, TRIAL_COMPONENT)],
        "DisassociateTrialComponent": [on(TRIAL, TRIAL_COMPONENT)],
        "Search": [on(ANY)],
        # projects
        "CreateProject": [*tagged(PROJECT), TEMPLATE_ROLE],
        "DeleteProject": [on(PROJECT)],
        "DescribeProject": [on(PROJECT)],
        "ListProjects": [on(ANY)],
        "UpdateProject": [*tagged(PROJECT)],
        # tags
        "AddTags": [on(RESOURCE)],
        "DeleteTags": [on(RESOURCE)],
        "ListTags": [on(RESOURCE)],
    },
)
