"""The lists of `tests/listings.py`: what makes a thing, what deletes it, and where it is listed."""

from __future__ import annotations

import io
import json
import zipfile

from tests.listings import IMAGE, NAME, ROLE, THING, TRUST, Listing

MACHINE = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}})
VARIANT = {"VariantName": "all", "ModelName": "pages", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
ALARM = {
    "AlarmName": NAME,
    "Namespace": "pages",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
SCHEDULE = {
    "Name": NAME,
    "ScheduleExpression": "at(2040-01-01T00:00:00)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": "arn:aws:sns:us-east-1:000000000000:pages", "RoleArn": ROLE},
}
PRINCIPALS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def code() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    return held.getvalue()


FUNCTION: dict[str, object] = {"FunctionName": NAME, "Runtime": "python3.11", "Role": ROLE, "Handler": "app.handler"}
FUNCTION = {**FUNCTION, "Code": {"ZipFile": code()}}


INLINE = {"RoleName": "pages", "PolicyName": NAME, "PolicyDocument": json.dumps(PRINCIPALS)}
OBJECT = {"Bucket": "pages-of-objects", "Key": NAME}
GONE_OBJECT = {"Bucket": "pages-of-objects", "Key": THING}
OBJECTS = {"Bucket": "pages-of-objects"}
STREAM = {"logGroupName": "pages", "logStreamName": NAME}
GONE_STREAM = {"logGroupName": "pages", "logStreamName": THING}
TRIAL = {"ExperimentName": "pages-of-trials", "TrialName": NAME}
MODEL = {"ModelName": NAME, "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}}
METRIC = {"metricName": "m", "metricNamespace": "pages", "metricValue": "1"}
METRIC_FILTER = {
    "logGroupName": "pages",
    "filterName": NAME,
    "filterPattern": "word",
    "metricTransformations": [METRIC],
}
SERVED = {
    "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://pages-of-objects/model.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
MODELS = ("create_model", MODEL), ("delete_model", {"ModelName": THING})

LISTINGS = (
    Listing(
        "apigateway",
        "get_rest_apis",
        "items",
        "id",
        ("create_rest_api", {"name": NAME}),
        ("delete_rest_api", {"restApiId": THING}),
        "id",
    ),
    Listing(
        "apigateway",
        "get_api_keys",
        "items",
        "id",
        ("create_api_key", {"name": NAME}),
        ("delete_api_key", {"apiKey": THING}),
        "id",
    ),
    Listing(
        "apigateway",
        "get_usage_plans",
        "items",
        "id",
        ("create_usage_plan", {"name": NAME}),
        ("delete_usage_plan", {"usagePlanId": THING}),
        "id",
    ),
    Listing(
        "cloudwatch",
        "describe_alarms",
        "MetricAlarms",
        "AlarmName",
        ("put_metric_alarm", ALARM),
        ("delete_alarms", {"AlarmNames": [THING]}),
    ),
    Listing(
        "ec2",
        "describe_internet_gateways",
        "InternetGateways",
        "InternetGatewayId",
        ("create_internet_gateway", {}),
        ("delete_internet_gateway", {"InternetGatewayId": THING}),
        "InternetGateway.InternetGatewayId",
        size=5,
    ),
    Listing(
        "ec2",
        "describe_vpcs",
        "Vpcs",
        "VpcId",
        ("create_vpc", {"CidrBlock": "10.9.0.0/16"}),
        ("delete_vpc", {"VpcId": THING}),
        "Vpc.VpcId",
        size=5,
    ),
    Listing(
        "ecr",
        "describe_repositories",
        "repositories",
        "repositoryName",
        ("create_repository", {"repositoryName": NAME}),
        ("delete_repository", {"repositoryName": THING}),
    ),
    Listing(
        "efs",
        "describe_file_systems",
        "FileSystems",
        "FileSystemId",
        ("create_file_system", {"CreationToken": NAME}),
        ("delete_file_system", {"FileSystemId": THING}),
        "FileSystemId",
    ),
    Listing(
        "events",
        "list_rules",
        "Rules",
        "Name",
        ("put_rule", {"Name": NAME, "ScheduleExpression": "rate(1 day)"}),
        ("delete_rule", {"Name": THING}),
    ),
    Listing(
        "iam",
        "list_roles",
        "Roles",
        "RoleName",
        ("create_role", {"RoleName": NAME, "AssumeRolePolicyDocument": TRUST}),
        ("delete_role", {"RoleName": THING}),
    ),
    Listing(
        "iam",
        "list_role_policies",
        "PolicyNames",
        "",
        ("put_role_policy", INLINE),
        ("delete_role_policy", {"RoleName": "pages", "PolicyName": THING}),
        given={"RoleName": "pages"},
    ),
    Listing(
        "iam",
        "list_role_tags",
        "Tags",
        "Key",
        ("tag_role", {"RoleName": "pages", "Tags": [{"Key": NAME, "Value": "v"}]}),
        ("untag_role", {"RoleName": "pages", "TagKeys": [THING]}),
        given={"RoleName": "pages"},
    ),
    Listing(
        "lambda",
        "list_functions",
        "Functions",
        "FunctionName",
        ("create_function", FUNCTION),
        ("delete_function", {"FunctionName": THING}),
    ),
    Listing(
        "logs",
        "describe_log_groups",
        "logGroups",
        "logGroupName",
        ("create_log_group", {"logGroupName": NAME}),
        ("delete_log_group", {"logGroupName": THING}),
    ),
    Listing(
        "logs",
        "describe_log_streams",
        "logStreams",
        "logStreamName",
        ("create_log_stream", STREAM),
        ("delete_log_stream", GONE_STREAM),
        given={"logGroupName": "pages"},
    ),
    Listing(
        "s3",
        "list_buckets",
        "Buckets",
        "Name",
        ("create_bucket", {"Bucket": NAME}),
        ("delete_bucket", {"Bucket": THING}),
    ),
    Listing(
        "s3", "list_objects", "Contents", "Key", ("put_object", OBJECT), ("delete_object", GONE_OBJECT), given=OBJECTS
    ),
    Listing(
        "s3",
        "list_objects_v2",
        "Contents",
        "Key",
        ("put_object", OBJECT),
        ("delete_object", GONE_OBJECT),
        given=OBJECTS,
    ),
    Listing(
        "s3",
        "list_object_versions",
        "Versions",
        "Key",
        ("put_object", OBJECT),
        ("delete_object", GONE_OBJECT),
        given=OBJECTS,
    ),
    Listing("sagemaker", "list_models", "Models", "ModelName", *MODELS),
    Listing(
        "sagemaker", "list_models", "Models", "ModelName", *MODELS, given={"SortBy": "Name", "SortOrder": "Ascending"}
    ),
    Listing(
        "sagemaker",
        "list_endpoint_configs",
        "EndpointConfigs",
        "EndpointConfigName",
        ("create_endpoint_config", {"EndpointConfigName": NAME, "ProductionVariants": [VARIANT]}),
        ("delete_endpoint_config", {"EndpointConfigName": THING}),
    ),
    Listing(
        "sagemaker",
        "list_experiments",
        "ExperimentSummaries",
        "ExperimentName",
        ("create_experiment", {"ExperimentName": NAME}),
        ("delete_experiment", {"ExperimentName": THING}),
    ),
    Listing(
        "sagemaker",
        "list_trials",
        "TrialSummaries",
        "TrialName",
        ("create_trial", TRIAL),
        ("delete_trial", {"TrialName": THING}),
    ),
    Listing(
        "sagemaker",
        "list_trial_components",
        "TrialComponentSummaries",
        "TrialComponentName",
        ("create_trial_component", {"TrialComponentName": NAME}),
        ("delete_trial_component", {"TrialComponentName": THING}),
    ),
    Listing(
        "scheduler",
        "list_schedules",
        "Schedules",
        "Name",
        ("create_schedule", SCHEDULE),
        ("delete_schedule", {"Name": THING}),
    ),
    Listing(
        "secretsmanager",
        "list_secrets",
        "SecretList",
        "Name",
        ("create_secret", {"Name": NAME, "SecretString": "s"}),
        ("delete_secret", {"SecretId": THING, "ForceDeleteWithoutRecovery": True}),
    ),
    Listing(
        "servicecatalog",
        "list_portfolios",
        "PortfolioDetails",
        "Id",
        ("create_portfolio", {"DisplayName": NAME, "ProviderName": "p"}),
        ("delete_portfolio", {"Id": THING}),
        "PortfolioDetail.Id",
    ),
    Listing(
        "stepfunctions",
        "list_state_machines",
        "stateMachines",
        "stateMachineArn",
        ("create_state_machine", {"name": NAME, "definition": MACHINE, "roleArn": ROLE}),
        ("delete_state_machine", {"stateMachineArn": THING}),
        "stateMachineArn",
    ),
    Listing(
        "logs",
        "describe_metric_filters",
        "metricFilters",
        "filterName",
        ("put_metric_filter", METRIC_FILTER),
        ("delete_metric_filter", {"logGroupName": "pages", "filterName": THING}),
        given={"logGroupName": "pages"},
    ),
    Listing(
        "sagemaker",
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupName",
        ("create_model_package_group", {"ModelPackageGroupName": NAME}),
        ("delete_model_package_group", {"ModelPackageGroupName": THING}),
    ),
    Listing(
        "sagemaker",
        "list_model_packages",
        "ModelPackageSummaryList",
        "ModelPackageArn",
        ("create_model_package", {"ModelPackageGroupName": "pages-of-packages", "InferenceSpecification": SERVED}),
        ("delete_model_package", {"ModelPackageName": THING}),
        "ModelPackageArn",
        given={"ModelPackageGroupName": "pages-of-packages"},
    ),
    Listing(
        "stepfunctions",
        "list_activities",
        "activities",
        "activityArn",
        ("create_activity", {"name": NAME}),
        ("delete_activity", {"activityArn": THING}),
        "activityArn",
    ),
)
