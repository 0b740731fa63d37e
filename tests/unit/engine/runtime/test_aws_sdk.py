"""Operations by the names of the SDKs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.runtime.aws_sdk import iso_time, milliseconds, sdk_operation

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def test_parameters_in_pascal_case_become_the_members_of_the_api() -> None:
    operation = sdk_operation("codepipeline", "startPipelineExecution")
    given = {"Name": "line", "Variables": [{"Name": "a", "Value": "b"}]}
    assert operation.request(given) == {"name": "line", "variables": [{"name": "a", "value": "b"}]}


def test_an_unknown_parameter_is_refused_by_its_name() -> None:
    with pytest.raises(AwsError, match="Pipeline"):
        sdk_operation("codepipeline", "startPipelineExecution").request({"Pipeline": "line"})


def test_a_result_is_json_in_pascal_case() -> None:
    operation = sdk_operation("sfn", "describeExecution")
    response = {"name": "e", "startDate": MOMENT, "inputDetails": {"included": True}, "output": None}
    told = {"Name": "e", "StartDate": "2026-03-01T12:00:00.250Z", "InputDetails": {"Included": True}}
    assert operation.result(response, iso_time) == told
    assert operation.result(response, milliseconds)["StartDate"] == 1772366400250


def test_the_keys_of_a_map_stay_as_they_are() -> None:
    request = sdk_operation("sagemaker", "createModel").request(
        {"ModelName": "m", "PrimaryContainer": {"Environment": {"mode": "fast"}}}
    )
    assert request["PrimaryContainer"]["Environment"] == {"mode": "fast"}


@pytest.mark.parametrize(
    ("service", "action", "code", "name"),
    [
        (
            "codepipeline",
            "startPipelineExecution",
            "PipelineNotFoundException",
            "CodePipeline.PipelineNotFoundException",
        ),
        ("sfn", "startExecution", "ExecutionAlreadyExists", "Sfn.ExecutionAlreadyExistsException"),
        ("sagemaker", "createTrainingJob", "ResourceInUse", "SageMaker.ResourceInUseException"),
        ("sagemaker", "createTrainingJob", "ValidationException", "SageMaker.SageMakerException"),
    ],
)
def test_errors_carry_the_name_of_their_service(service: str, action: str, code: str, name: str) -> None:
    assert sdk_operation(service, action).error_name(code) == name
