"""Does the work of a task: calls the operation, as the execution's role, and turns its answer into the task's output or error.

A call may be repeated after a crash. A name that is taken then was taken by this very task if what has it was made since, to the same
request: so that is no error. Functions and messages may run and be sent twice, as on AWS.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import AwsError, EngineError
from mlsystem.engine.decide.states import read
from mlsystem.engine.runtime.aws_sdk import SdkOperation, iso_time, milliseconds
from mlsystem.engine.services.stepfunctions.job import JOBS, Job
from mlsystem.engine.services.stepfunctions.resource import Pattern, Resource

# Errors of optimized integrations carry the names of the SDK's version 1: prefix, and the name of an error without a class of its own.
GENERAL = {
    "lambda": ("Lambda", "AWSLambdaException"),
    "sagemaker": ("SageMaker", "AmazonSageMakerException"),
    "sns": ("SNS", "AmazonSNSException"),
    "stepfunctions": ("StepFunctions", "AWSStepFunctionsException"),
}
TASK_FAILED = "States.TaskFailed"


class TaskError(EngineError):
    """The task failed: `error` is the name that Retry and Catch look at."""

    def __init__(self, error: str, cause: str):
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass(frozen=True)
class Work:
    """One task. `scheduled_at` is when it was first tried."""

    house: House
    principal: Principal
    token: str
    # The resource as the definition has it.
    arn: str
    resource: Resource
    parameters: Any
    scheduled_at: float

    @property
    def job(self) -> Job | None:
        return JOBS.get(self.resource.operation.name) if self.resource.is_optimized else None

    def do(self) -> Any:
        """Call the operation; its output. Raises TaskError."""
        operation = self.resource.operation
        try:
            request = self._request(operation)
            response = self._call(operation, request)
        except AwsError as error:
            raise TaskError(self._error_name(error), self._cause(error)) from error
        if operation.name == "Invoke":
            return self._function_output(response)
        return operation.result(response, milliseconds if self.resource.is_optimized else iso_time)

    def _request(self, operation: SdkOperation) -> dict[str, Any]:
        if self.resource.is_plain:
            return {"Payload": json.dumps(self.parameters).encode(), "FunctionName": self.arn}
        parameters = dict(self.parameters) if isinstance(self.parameters, Mapping) else self.parameters
        if self.resource.is_optimized and isinstance(parameters, dict):
            for member in {"Payload", "Message", "Input"} & parameters.keys():
                if member == "Payload" or not isinstance(parameters[member], str):
                    parameters[member] = json.dumps(parameters[member])
            parameters.pop("AssociateWithParent", None)
        request = operation.request(parameters)
        if operation.name == "StartExecution":
            # A name that is the same when the call is repeated.
            request.setdefault("name", str(uuid.uuid5(uuid.NAMESPACE_URL, self.token)))
        return request

    def _call(self, operation: SdkOperation, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.house.call(operation.service, operation.name, request, self.principal)
        except AwsError:
            made = self._made_before(operation, request)
            if made is None:
                raise
            return made

    def _made_before(self, operation: SdkOperation, request: dict[str, Any]) -> dict[str, Any] | None:
        """What this very task made before a crash, None if it did not. The engine looks, whatever the execution's role may see."""
        job = self.job
        if job is None:
            return None
        try:
            found = self.house.call(operation.service, job.describe, self.identity(request), self.house.root)
        except AwsError:
            return None
        made_at = found.get("CreationTime", found.get("startDate"))
        given = {name: value for name, value in request.items() if name in found}
        if made_at is None or made_at.timestamp() < self.scheduled_at - 0.001 or not _holds(found, given):
            return None
        return {job.arn: found[job.arn], **({"startDate": made_at} if job.key == "name" else {})}

    def identity(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The request of the Describe operation."""
        job = self.job
        if job is None:
            raise EngineError(f"{self.resource.operation.name} makes nothing that can be described")
        if job.key == "name":
            machine = str(request["stateMachineArn"]).rsplit(":", 1)[-1]
            return {"executionArn": self.house.scope.arn("states", f"execution:{machine}:{request['name']}")}
        return {job.key: request[job.key]}

    def _function_output(self, response: Mapping[str, Any]) -> Any:
        payload = response.get("Payload", b"")
        text = payload.read() if hasattr(payload, "read") else payload
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if response.get("FunctionError"):
            raise TaskError(_error_type(text), text)
        try:
            value = read(text) if text else None
        except (ValueError, RecursionError) as error:
            raise TaskError(TASK_FAILED, f"The function's answer is no JSON: {error}") from error
        if self.resource.is_plain:
            return value
        output = {"StatusCode": response.get("StatusCode", 200), "Payload": value}
        version = response.get("ExecutedVersion")
        return output | ({"ExecutedVersion": version} if version else {})

    # ------------------------------------------------------------------ errors
    def _error_name(self, error: AwsError) -> str:
        operation = self.resource.operation
        if not self.resource.is_optimized:
            return operation.error_name(error.code)
        prefix, general = GENERAL[operation.service]
        name = operation.modelled_errors().get(error.code, general)
        return f"{prefix}.{name if name.endswith('Exception') else f'{name}Exception'}"

    def _cause(self, error: AwsError) -> str:
        service = self.resource.operation.model.service_model.service_id
        return f"{error.message} (Service: {service}, Status Code: {error.status or 400}, Error Code: {error.code})"

    # ------------------------------------------------------------------ the end of a job
    def end(self, request: Mapping[str, Any]) -> Any | None:
        """The output of a job that ended well, None while it runs. Raises TaskError when it ended in another way."""
        operation, job = self.resource.operation, self.job
        if job is None:
            raise EngineError(f"{operation.name} makes nothing that ends")
        try:
            found = self.house.call(operation.service, job.describe, self.identity(request), self.principal)
        except AwsError as error:
            raise TaskError(self._error_name(error), self._cause(error)) from error
        status = found[job.status]
        if status in job.running:
            return None
        output = SdkOperation(operation.service, job.describe).result(found, milliseconds)
        if status not in job.ended_well:
            raise TaskError(TASK_FAILED, json.dumps(output))
        if self.resource.pattern is Pattern.SYNC_2:
            output |= {name: json.loads(output[name]) for name in ("Input", "Output") if name in output}
        return output

    def stop(self, is_known: bool) -> None:
        """Stop the job. `is_known`: it is known that this task made it. Raises AwsError."""
        operation, job = self.resource.operation, self.job
        request = self.request()
        if job is not None and (is_known or self._made_before(operation, request) is not None):
            self.house.call(operation.service, job.stop, self.identity(request), self.principal)

    def request(self) -> dict[str, Any]:
        """What the job was made by. Raises AwsError."""
        return self._request(self.resource.operation)


def _holds(found: Any, given: Any) -> bool:
    """Whether everything given is there; a description may say more."""
    if isinstance(given, Mapping) and isinstance(found, Mapping):
        return all(name in found and _holds(found[name], value) for name, value in given.items())
    if isinstance(given, list) and isinstance(found, list):
        return len(given) == len(found) and all(map(_holds, found, given))
    return bool(found == given)


def _error_type(payload: str) -> str:
    """The class of the exception that the function ended with."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        value = None
    kind = value.get("errorType") if isinstance(value, dict) else None
    return str(kind) if kind else "Lambda.Unknown"
