"""FunctionConfiguration: what of a request is kept, and how it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.lambda_.function import FunctionRecord, State, UpdateStatus, VersionRecord
from mlsystem.engine.services.lambda_.names import LATEST, function_arn

# Members of CreateFunction and UpdateFunctionConfiguration that describe the function.
DESCRIBED = (
    "Description Environment EphemeralStorage FileSystemConfigs Handler ImageConfig LoggingConfig MemorySize Role Runtime "
    "Timeout TracingConfig VpcConfig"
)
DEFAULTS: dict[str, Any] = {
    "Description": "",
    "EphemeralStorage": {"Size": 512},
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}
MOST_ENVIRONMENT_BYTES = 4096
LONGEST_TIMEOUT_SECONDS = 900
READABLE_RUNTIMES = "python"


def described(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that describe the function. Raises AwsError for what is wrong or not implemented."""
    found = {name: request[name] for name in DESCRIBED.split() if name in request}
    _check_environment(found.get("Environment", {}).get("Variables", {}))
    if found.get("Timeout", 0) > LONGEST_TIMEOUT_SECONDS:
        message = f"Timeout is {found['Timeout']}, which is more than {LONGEST_TIMEOUT_SECONDS} seconds"
        raise AwsError("ValidationException", message, 400)
    runtime = found.get("Runtime", READABLE_RUNTIMES)
    if not runtime.startswith(READABLE_RUNTIMES):
        raise NotImplementedHere(
            f"lambda with the Runtime {runtime}", "the engine runs Python; use an image for others"
        )
    if unknown := set(found.get("LoggingConfig", {})) - {
        "LogFormat",
        "LogGroup",
        "ApplicationLogLevel",
        "SystemLogLevel",
    }:
        raise NotImplementedHere(f"lambda with LoggingConfig.{sorted(unknown)[0]}")
    return found


def _check_environment(variables: Mapping[str, str]) -> None:
    if taken := sorted(RESERVED & set(variables)):
        raise AwsError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            f"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
            f"{', '.join(taken)}",
        )
    if sum(len(name) + len(value) for name, value in variables.items()) > MOST_ENVIRONMENT_BYTES:
        raise AwsError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            "exceeded the 4KB limit.",
        )


def respond(scope: Scope, record: FunctionRecord | VersionRecord) -> dict[str, Any]:
    """A FunctionConfiguration, of $LATEST or of a version."""
    is_version = isinstance(record, VersionRecord)
    name = record.parent if is_version else record.key
    version = record.number if isinstance(record, VersionRecord) else LATEST
    configuration = record.configuration
    answer = {
        **{
            key: value
            for key, value in configuration.items()
            if key not in ("ImageConfig", "LoggingConfig", "VpcConfig")
        },
        "FunctionName": name,
        "FunctionArn": function_arn(scope, name, version if is_version else None),
        "Version": version,
        "CodeSha256": record.code["sha256"],
        "CodeSize": record.code["size"],
        "PackageType": record.code["package_type"],
        "LastModified": _iso(record.modified_at),
        "RevisionId": record.revision_id,
        "LoggingConfig": {
            "LogFormat": "Text",
            "LogGroup": log_group(name, configuration),
            **configuration.get("LoggingConfig", {}),
        },
        **_state(record),
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": {},
    }
    if answer["PackageType"] == "Image":
        del answer["RuntimeVersionConfig"]
    if "VpcConfig" in configuration:
        answer["VpcConfig"] = {"VpcId": "", **configuration["VpcConfig"]}
    if "ImageConfig" in configuration:
        answer["ImageConfigResponse"] = {"ImageConfig": configuration["ImageConfig"]}
    return answer


def _state(record: FunctionRecord | VersionRecord) -> dict[str, Any]:
    if isinstance(record, VersionRecord):
        return {"State": State.ACTIVE, "LastUpdateStatus": UpdateStatus.SUCCESSFUL}
    found: dict[str, Any] = {"State": record.state, "LastUpdateStatus": record.update_status}
    if record.state == State.PENDING:
        found.update(StateReason="The function is being created.", StateReasonCode="Creating")
    if record.state == State.FAILED:
        found.update(StateReason=record.reason, StateReasonCode=record.reason_code)
    if record.update_status is UpdateStatus.FAILED:
        found.update(LastUpdateStatusReason=record.reason, LastUpdateStatusReasonCode=record.reason_code)
    return found


def log_group(name: str, configuration: Mapping[str, Any]) -> str:
    return str(configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
