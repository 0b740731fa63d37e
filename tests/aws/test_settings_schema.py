"""mlsystem.schema.json says of each setting what the template says that takes it."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.aws.project import PROJECT, TEMPLATES, read_template

sys.path.insert(0, str(PROJECT / "model"))

from traffic_shift import CODEDEPLOYS_OWN

SCHEMA = json.loads((PROJECT / "mlsystem.schema.json").read_text())
SETTINGS = yaml.safe_load((PROJECT / "mlsystem.yaml").read_text())
# The parameter that takes a setting, by the name of its template.
TAKERS = {
    "pipeline.yml": {
        "SageMakerProjectName": "project.name",
        "SageMakerProjectId": "project.id",
        "ProjectPrefix": "project.prefix",
        "ModelName": "project.model_name",
        "DatasetBucket": "project.dataset_bucket",
        "GitBranch": "project.git_branch",
        "EmailAddress": "project.email_address",
        "WebhookUrl": "project.webhook_url",
        "ConsoleUrl": "project.console_url",
        "MlflowTrackingUri": "project.mlflow_tracking_uri",
        "TimeoutInMinutes": "project.timeout_minutes",
        "RetrainSchedule": "schedule.expression",
        "LastingDriftSchedule": "retraining.ask_again",
        "SourceProvider": "project.source_provider",
        "ConnectionArn": "project.connection_arn",
        "FullRepositoryId": "project.full_repository_id",
        "NetworkEgress": "project.network_egress",
        "DevActionRoleArn": "project.dev_action_role_arn",
        "DevDeployRoleArn": "project.dev_deploy_role_arn",
        "PrdActionRoleArn": "project.prd_action_role_arn",
        "PrdDeployRoleArn": "project.prd_deploy_role_arn",
        "PermissionsBoundaryArn": "project.permissions_boundary_arn",
    },
    "deploy-model-prd.yml": {
        "InstanceType": "instances.prd.type",
        "InstanceCount": "instances.prd.count",
        "TaskType": "data.task_type",
        "ApiPackageType": "api.package_type",
        "ApiAuth": "api.auth",
        "ApiRequestsPerSecond": "api.requests_per_second",
        "ApiBurst": "api.burst",
        "ApiTimeoutInSeconds": "api.timeout_seconds",
        "ApiMemoryInMegabytes": "api.memory_mb",
        "CorsOrigin": "api.cors_origin",
        "RetainFileSeconds": "api.retain_file_seconds",
        "MaxErrors": "canary.max_5xx",
        "MaxLatencyInMilliseconds": "canary.max_latency_ms",
        "AlarmPeriodInSeconds": "canary.period_seconds",
        "AlarmEvaluationPeriods": "canary.evaluation_periods",
        "JudgeFalseAlarmRate": "canary.judge.false_alarm_rate",
        "JudgeMinRequests": "canary.judge.min_requests",
        "JudgeNoData": "canary.judge.no_data",
        "RetainedVersions": "canary.retained_versions",
        "CapturePercent": "drift.capture_percent",
        "MonitorInstanceType": "instances.monitor.type",
        "MonitorInstanceCount": "instances.monitor.count",
        "MonitorVolumeSizeInGB": "instances.monitor.volume_gb",
        "MonitorScheduleExpression": "drift.schedule",
        "MonitorNewestRecords": "drift.newest_records",
        "DriftEvaluationPeriods": "drift.evaluation_periods",
        "MinInstances": "scaling.min_instances",
        "MaxInstances": "scaling.max_instances",
        "InvocationsPerInstance": "scaling.invocations_per_instance",
        "ScaleInCooldownInSeconds": "scaling.scale_in_cooldown_seconds",
        "ScaleOutCooldownInSeconds": "scaling.scale_out_cooldown_seconds",
        "QuietMinInstances": "scaling.quiet.min_instances",
        "QuietMaxInstances": "scaling.quiet.max_instances",
        "QuietTimezone": "scaling.quiet.timezone",
    },
    "sagemaker-custom-resource.yml": {
        "DatasetBucket": "project.dataset_bucket",
        "GroundTruthPrefix": "retraining.ground_truth",
        "CoolDownHours": "retraining.cool_down_hours",
        "RunsPerMonth": "retraining.runs_per_month",
        "MinimumRows": "retraining.minimum_rows",
        "MaximumRows": "retraining.maximum_rows",
        "WindowHours": "retraining.window_hours",
        "TestShare": "retraining.test_share",
        "KeepShare": "retraining.keep_share",
    },
}
# CloudFormation's word for a rule, and JSON Schema's.
RULES = {
    "AllowedPattern": "pattern",
    "AllowedValues": "enum",
    "MaxLength": "maxLength",
    "MinValue": "minimum",
    "MaxValue": "maximum",
}


def setting(path: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA
    for key in path.split("."):
        found = found["properties"][key]
    return found


@pytest.mark.parametrize(
    ("template", "parameter"), [(name, parameter) for name, takers in TAKERS.items() for parameter in takers]
)
def test_a_setting_may_be_what_its_parameter_may_be(template: str, parameter: str) -> None:
    rule = read_template(TEMPLATES[template].read_text())["Parameters"][parameter]
    found = setting(TAKERS[template][parameter])
    wanted = {RULES[word]: value for word, value in rule.items() if word in RULES}
    assert {word: found.get(word) for word in RULES.values()} == {**dict.fromkeys(RULES.values()), **wanted}
    assert ("enum" in found) or found["type"] in (("integer", "number") if rule["Type"] == "Number" else ("string",))


def test_every_way_to_move_traffic_that_the_build_takes_is_one_that_the_stage_has() -> None:
    parameters = read_template(TEMPLATES["deploy-model-prd.yml"].read_text())["Parameters"]
    assert set(parameters["DeploymentType"]["AllowedValues"]) == {"Custom", *CODEDEPLOYS_OWN}
    rule = re.compile(setting("canary.deployment")["pattern"])
    assert all(rule.search(name) for name in CODEDEPLOYS_OWN)
    for percent in (0, 1, 9, 99, 100):
        for minutes in (0, 1, 2, 999, 1000, 2799, 2880, 2881, 10000):
            told = f"Canary{percent}Percent{minutes}Minute{'' if minutes == 1 else 's'}"
            is_one = 1 <= percent <= 99 and 1 <= minutes <= 2880
            assert bool(rule.search(told)) == is_one, told
            for parameter, value in (("ShiftPercent", percent), ("ShiftMinutes", minutes), ("ShiftType", "Canary")):
                if is_one:
                    assert re.search(parameters[parameter]["AllowedPattern"], str(value))


def test_a_quiet_time_begins_and_ends_as_the_stack_takes_it_and_there_may_be_none() -> None:
    parameters = read_template(TEMPLATES["deploy-model-prd.yml"].read_text())["Parameters"]
    for parameter, key in (("QuietFrom", "from"), ("QuietUntil", "until")):
        rule = setting(f"scaling.quiet.{key}")["pattern"]
        assert parameters[parameter]["AllowedPattern"] == f"^({rule[1:-1]})?$"
        assert parameters[parameter]["Default"] == ""


def test_the_schema_is_one_and_takes_the_projects_own_settings() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert list(Draft202012Validator(SCHEMA).iter_errors(SETTINGS)) == []


def sections(schema: dict[str, Any]) -> list[dict[str, Any]]:
    own = [schema] if schema.get("type") == "object" else []
    return own + [inner for member in schema.get("properties", {}).values() for inner in sections(member)]


def test_no_section_takes_a_key_that_is_not_described() -> None:
    for section in sections(SCHEMA):
        assert section["additionalProperties"] is False
        assert all(member["description"] for member in section["properties"].values())


def test_every_setting_of_the_project_is_in_the_schema_and_the_reverse() -> None:
    """So a setting that users may make is shown to them, but for one that only tests make."""

    def keys(schema: dict[str, Any], path: str = "") -> set[str]:
        inner = {name: keys(member, f"{path}{name}.") for name, member in schema.get("properties", {}).items()}
        return {path[:-1]} if not inner else set().union(*inner.values())

    def given(value: Any, path: str = "") -> set[str]:
        if not isinstance(value, dict):
            return {path[:-1]}
        return set().union(*(given(member, f"{path}{name}.") for name, member in value.items()))

    quiet = {f"scaling.quiet.{key}" for key in ("from", "until", "min_instances", "max_instances", "timezone")}
    assert keys(SCHEMA) - given(SETTINGS) == {"api.package_type", *quiet}
    assert given(SETTINGS) - keys(SCHEMA) == set()
