"""AWS operations by the names of its SDKs, as state machines and schedules call them: `aws-sdk:codepipeline:startPipelineExecution`.

Their parameters and results are written in Pascal case whatever the service's own API does, and their errors carry the service's name:
`CodePipeline.PipelineNotFoundException`. https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, OperationNotFoundError, Shape, StructureShape

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.runtime.api_model import service_model

# The SDK's service names that are not botocore's.
BOTOCORE_NAMES = {
    "apigatewayv2": "apigatewayv2",
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sagemakerruntime": "sagemaker-runtime",
    "sfn": "stepfunctions",
}
# What errors are called after, where it is not botocore's service id without blanks.
ERROR_PREFIXES = {"stepfunctions": "Sfn", "sns": "Sns", "codepipeline": "CodePipeline"}

TimeStamp = Callable[[datetime], object]


def iso_time(moment: datetime) -> object:
    """As `aws-sdk` integrations answer times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(moment: datetime) -> object:
    """As the optimized integrations answer times."""
    return int(moment.timestamp() * 1000)


@dataclass(frozen=True)
class SdkOperation:
    """One operation; `service` and `name` are botocore's."""

    service: str
    name: str

    @property
    def model(self) -> OperationModel:
        return service_model(self.service).operation_model(self.name)

    def request(self, parameters: object) -> dict[str, Any]:
        """The request that these parameters make. Raises AwsError(ValidationException) for a name that is no member."""
        if not isinstance(parameters, Mapping):
            raise AwsError("ValidationException", f"The parameters of {self.name} must be an object.")
        shape = self.model.input_shape
        return {} if shape is None else dict(_request(shape, parameters, self.name))

    def result(self, response: Mapping[str, Any], time: TimeStamp = iso_time) -> Any:
        """A response in Pascal case, as JSON."""
        shape = self.model.output_shape
        return {} if shape is None else _result(shape, response, time)

    def modelled_errors(self) -> dict[str, str]:
        """The names of this operation's own errors by their codes."""
        shapes: list[Any] = self.model.error_shapes
        return {str(shape.error_code): str(shape.name) for shape in shapes}

    def error_name(self, code: str) -> str:
        """What an error of this code is called: modelled ones by their own name, others by the service's."""
        prefix = ERROR_PREFIXES.get(self.service) or str(service_model(self.service).service_id).replace(" ", "")
        name = self.modelled_errors().get(code, prefix)
        return f"{prefix}.{name if name.endswith('Exception') else f'{name}Exception'}"


def sdk_operation(service: str, action: str) -> SdkOperation:
    """By the SDK's names (`codepipeline`, `startPipelineExecution`). Raises AwsError(ValidationException), NotImplementedHere."""
    name = BOTOCORE_NAMES.get(service, service)
    operation = f"{action[:1].upper()}{action[1:]}"
    try:
        service_model(name).operation_model(operation)
    except OperationNotFoundError as error:
        raise NotImplementedHere(f"aws-sdk:{service}:{action}", "botocore knows no such operation") from error
    return SdkOperation(name, operation)


def _request(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        members = {name.lower(): name for name in shape.members}
        found = {}
        for given, inner in value.items():
            name = members.get(given.lower())
            if name is None:
                raise AwsError("ValidationException", f"The field '{given}' of {path} is not supported.")
            found[name] = _request(shape.members[name], inner, f"{path}.{given}")
        return found
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_request(shape.member, item, path) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _request(shape.value, item, path) for key, item in value.items()}
    return _scalar(shape, value)


def _scalar(shape: Shape, value: Any) -> Any:
    if shape.type_name == "blob" and isinstance(value, str):
        return value.encode()
    if shape.type_name == "timestamp" and isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def _result(shape: Shape, value: Any, time: TimeStamp) -> Any:
    if isinstance(shape, StructureShape):
        return {
            f"{name[0].upper()}{name[1:]}": _result(shape.members[name], inner, time)
            for name, inner in value.items()
            if name in shape.members and inner is not None
        }
    if isinstance(shape, ListShape):
        return [_result(shape.member, item, time) for item in value]
    if isinstance(shape, MapShape):
        return {key: _result(shape.value, item, time) for key, item in value.items()}
    if isinstance(value, datetime):
        return time(value)
    return _text(value)


def _text(value: Any) -> Any:
    """Blobs and streams as the text that they hold."""
    data = value.read() if hasattr(value, "read") else value
    return data.decode(errors="replace") if isinstance(data, bytes) else data
