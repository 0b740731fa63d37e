"""The files that a build writes for the later stages: the parameters of four stacks, and the input of the workflow.

Pure: from the environment, the upload, the settings and the revision to what is written. A parameter that is not here,
TrainingExecutionArn, is known only when Train has run; pipeline.yml gives it to the deployment stacks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from build_environment import BuildEnvironment
from data_source import DataSource, Images
from settings import Settings
from source_revision import SourceRevision
from traffic_shift import shift_parameters

Parameters = dict[str, str]


@dataclass(frozen=True)
class Run:
    """Everything that a build knows of the run it prepares."""

    environment: BuildEnvironment
    revision: SourceRevision
    data: DataSource
    settings: Settings
    images: Images


def build_files(run: Run) -> dict[str, dict[str, Any]]:
    """The content of each file by its name."""
    return {
        "workflow-input.json": workflow_input(run),
        "workflow-graph.json": _stack(run, "train", workflow_parameters(run)),
        "sagemaker-custom-resource.json": _stack(run, "shared", custom_resource_parameters(run)),
        "deploy-model-dev.json": _stack(run, "dev", dev_parameters(run)),
        "deploy-model-prd.json": _stack(run, "prd", prd_parameters(run)),
    }


def workflow_input(run: Run) -> dict[str, Any]:
    environment, data, settings = run.environment, run.data, run.settings
    raw = {"train": data.training_uri, "test": data.test_uri, "baseline": data.baseline_uri}
    return {
        "ExperimentName": environment.pipeline_name,
        "TrialName": f"{environment.pipeline_name}-{run.revision.pipeline_execution_id}",
        "Tags": [{"Key": key, "Value": value} for key, value in run_tags(run).items()],
        "ImageUri": run.images.image_uri,
        "MonitorImageUri": environment.monitor_image_uri,
        "RawData": [{"Name": name, "Uri": uri} for name, uri in raw.items() if uri],
        "DatasetEnvironment": settings.dataset_environment(),
        "TrainingEnvironment": training_environment(run),
        "HyperParameters": data.hyperparameters,
        "Gate": settings.gate(),
        "Champion": settings.champion(),
        "DriftThreshold": str(settings.number("drift", "threshold")),
        "RunsUri": f"s3://{environment.artifact_bucket}/{environment.pipeline_name}/runs",
        "Instances": {
            "Prepare": settings.cluster("prepare"),
            "Train": settings.cluster("train"),
            "Evaluate": settings.cluster("evaluate"),
            "Baseline": settings.cluster("baseline"),
        },
        "MaxRuntimeInSeconds": int(environment.timeout_in_minutes) * 60,
    }


def training_environment(run: Run) -> dict[str, str]:
    """What a training tells MLflow, beside what SageMaker gives each job; nothing where there is no MLflow."""
    environment, revision = run.environment, run.revision
    if not environment.mlflow_tracking_uri:
        return {}
    return {
        "MLFLOW_TRACKING_URI": environment.mlflow_tracking_uri,
        "MLFLOW_EXPERIMENT_NAME": environment.pipeline_name,
        "PIPELINE_EXECUTION_ID": revision.pipeline_execution_id,
        "GIT_COMMIT_HASH": revision.git_commit_hash,
        "DATA_VERSION_ID": revision.data_version_id,
        "RUNS_URI": f"s3://{environment.artifact_bucket}/{environment.pipeline_name}/runs",
    }


def workflow_parameters(run: Run) -> Parameters:
    return {"PipelineName": run.environment.pipeline_name, "KmsKeyArn": run.environment.kms_key_arn}


def custom_resource_parameters(run: Run) -> Parameters:
    environment, settings = run.environment, run.settings
    return {
        "PipelineName": environment.pipeline_name,
        "ArtifactBucket": environment.artifact_bucket,
        "NotificationTopicArn": environment.notification_topic_arn,
        "SubnetIds": environment.subnet_ids,
        "SecurityGroupId": environment.security_group_id,
        "AccessPointArn": environment.access_point_arn,
        "DriftFeatures": settings.listed("drift", "features"),
        "DatasetBucket": environment.dataset_bucket,
        "ConsoleUrl": environment.console_url,
        **_retraining_parameters(settings),
    }


def _retraining_parameters(settings: Settings) -> Parameters:
    return {
        "GroundTruthPrefix": settings.retraining("ground_truth", default="ground-truth/"),
        "CoolDownHours": settings.retraining("cool_down_hours", default="24"),
        "RunsPerMonth": settings.retraining("runs_per_month", default="4"),
        "MinimumRows": settings.retraining("minimum_rows", default="1000"),
        "MaximumRows": settings.retraining("maximum_rows", default="200000"),
        "WindowHours": settings.retraining("window_hours", default="720"),
        "TestShare": settings.retraining("test_share", default="0.2"),
        "KeepShare": settings.retraining("keep_share", default="1.0"),
        "MonthlySameData": settings.retraining("monthly_same_data", default="true"),
    }


def dev_parameters(run: Run) -> Parameters:
    return _endpoint_parameters(run, "dev")


def prd_parameters(run: Run) -> Parameters:
    environment, settings = run.environment, run.settings
    monitor = settings.cluster("monitor")
    return {
        **_endpoint_parameters(run, "prd"),
        "KmsKeyArn": environment.kms_key_arn,
        "NotificationTopicArn": environment.notification_topic_arn,
        "TaskType": settings.text("data", "task_type"),
        "ReleaseSha256": hashlib.sha256(run.revision.pipeline_execution_id.encode()).hexdigest(),
        "ImageLambdaUri": run.images.image_lambda_uri,
        "SubnetIds": environment.subnet_ids,
        "SecurityGroupId": environment.security_group_id,
        "AccessPointArn": environment.access_point_arn,
        "ApiBaseUrl": environment.api_base_url,
        "ApiPackageType": settings.text("api", "package_type", default="Image"),
        "ApiAuth": settings.text("api", "auth", default="NONE"),
        "ApiRequestsPerSecond": settings.text("api", "requests_per_second", default="1000"),
        "ApiBurst": settings.text("api", "burst", default="500"),
        "ApiTimeoutInSeconds": settings.text("api", "timeout_seconds"),
        "ApiMemoryInMegabytes": settings.text("api", "memory_mb"),
        "CorsOrigin": settings.text("api", "cors_origin"),
        "RetainFileSeconds": settings.text("api", "retain_file_seconds"),
        **shift_parameters(settings.text("canary", "deployment")),
        "MaxErrors": settings.text("canary", "max_5xx"),
        "MaxLatencyInMilliseconds": settings.text("canary", "max_latency_ms"),
        "AlarmPeriodInSeconds": settings.text("canary", "period_seconds"),
        "AlarmEvaluationPeriods": settings.text("canary", "evaluation_periods"),
        "JudgeFalseAlarmRate": settings.judge("false_alarm_rate", default="0.01"),
        "JudgeMinRequests": settings.judge("min_requests", default="100"),
        "JudgeNoData": settings.judge("no_data", default="pass"),
        "RunPrefix": environment.run_prefix,
        "MlflowTrackingUri": environment.mlflow_tracking_uri,
        "RetainedVersions": settings.text("canary", "retained_versions", default="1"),
        "CapturePercent": settings.text("drift", "capture_percent"),
        "MonitorImageUri": environment.monitor_image_uri,
        "MonitorInstanceType": str(monitor["InstanceType"]),
        "MonitorInstanceCount": str(monitor["InstanceCount"]),
        "MonitorVolumeSizeInGB": str(monitor["VolumeSizeInGB"]),
        "MonitorScheduleExpression": settings.text("drift", "schedule"),
        "MonitorNewestRecords": settings.text("drift", "newest_records", "0"),
        "DriftEvaluationPeriods": settings.text("drift", "evaluation_periods"),
        "MinInstances": settings.text("scaling", "min_instances"),
        "MaxInstances": settings.text("scaling", "max_instances"),
        "InvocationsPerInstance": settings.text("scaling", "invocations_per_instance"),
        "ScaleInCooldownInSeconds": settings.text("scaling", "scale_in_cooldown_seconds"),
        "ScaleOutCooldownInSeconds": settings.text("scaling", "scale_out_cooldown_seconds"),
        **_quiet_parameters(settings),
    }


def _quiet_parameters(settings: Settings) -> Parameters:
    return {
        "QuietFrom": settings.quiet("from", default=""),
        "QuietUntil": settings.quiet("until", default=""),
        "QuietMinInstances": settings.quiet("min_instances", default="1"),
        "QuietMaxInstances": settings.quiet("max_instances", default="1"),
        "QuietTimezone": settings.quiet("timezone", default="UTC"),
    }


def _endpoint_parameters(run: Run, stage: str) -> Parameters:
    machine = run.settings.machine(stage)
    return {
        "PipelineName": run.environment.pipeline_name,
        "ArtifactBucket": run.environment.artifact_bucket,
        "ImageUri": run.images.image_uri,
        "InstanceType": machine["type"],
        "InstanceCount": machine["count"],
        "ModelServerWorkers": run.settings.text("serving", "model_server_workers"),
        "ModelServerTimeout": run.settings.text("serving", "model_server_timeout"),
    }


def cost_tags(run: Run, stage: str) -> dict[str, str]:
    """What a bill is divided by. Of the stacks, dev, prd, train and shared are stages; of jobs it is train."""
    return {"Project": run.environment.pipeline_name, "Model": run.environment.run_prefix, "Stage": stage}


def project_tags(run: Run) -> dict[str, str]:
    return {
        "sagemaker:project-name": run.environment.project_name,
        "sagemaker:project-id": run.environment.project_id,
    }


def run_tags(run: Run) -> dict[str, str]:
    """What each job and model of the run is tagged with, so that it can be traced to its commit and data."""
    return {
        **project_tags(run),
        **cost_tags(run, "train"),
        "GitBranch": run.environment.git_branch,
        "GitCommitHash": run.revision.git_commit_hash,
        "DataVersionId": run.revision.data_version_id,
    }


def _stack(run: Run, stage: str, parameters: Parameters) -> dict[str, Any]:
    """A template configuration file. A stack gives its tags to its resources, so they must not change with each run."""
    return {"Parameters": parameters, "Tags": {**project_tags(run), **cost_tags(run, stage)}}
