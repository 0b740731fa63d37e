"""Requests against botocore's models, with what AWS's servers check beyond botocore."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.validation import VALIDATION_CODES, validate
from mlsystem.engine.runtime.api_model import service_model


def _fault(service: str, operation: str, request: dict[str, Any]) -> AwsError:
    with pytest.raises(AwsError) as error:
        validate(service_model(service).operation_model(operation), request)
    return error.value


def test_a_request_as_the_model_has_it_passes() -> None:
    request = {"RoleArn": "arn:aws:iam::000000000000:role/trainer", "RoleSessionName": "job", "DurationSeconds": 900}
    validate(service_model("sts").operation_model("AssumeRole"), request)


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        ({"RoleSessionName": "job"}, "RoleArn"),
        ({"RoleArn": 7, "RoleSessionName": "job"}, "RoleArn"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/t", "RoleSessionName": "a b"}, "RoleSessionName is 'a b'"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/t", "RoleSessionName": "x" * 65}, "at most 64"),
        (
            {"RoleArn": "arn:aws:iam::000000000000:role/t", "RoleSessionName": "job", "DurationSeconds": 1},
            "DurationSeconds",
        ),
    ],
)
def test_a_fault_is_named_by_its_member(request_: dict[str, Any], fault: str) -> None:
    error = _fault("sts", "AssumeRole", request_)
    assert error.code == "ValidationError"
    assert fault in error.message
    assert error.message.startswith("AssumeRole: ")


def test_enums_and_patterns_are_checked_wherever_they_are_nested() -> None:
    variants = [
        {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large"},
        {"VariantName": "b b", "ModelName": "m", "InstanceType": "ml.huge"},
    ]
    error = _fault("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": variants})
    assert "ProductionVariants[1].InstanceType is 'ml.huge', which is none of" in error.message
    assert "ProductionVariants[1].VariantName is 'b b'" in error.message
    assert "ProductionVariants[0]" not in error.message


def test_lists_that_are_too_long_are_refused() -> None:
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
    error = _fault("sagemaker", "CreateModel", {"ModelName": "m", "Tags": tags})
    assert error.code == "ValidationException"
    assert "Tags has 51 elements" in error.message


def test_every_fault_is_told_at_once() -> None:
    error = _fault(
        "sagemaker", "CreateModel", {"ModelName": "not a name", "ExecutionRoleArn": "no role, but long enough"}
    )
    assert "ModelName is 'not a name'" in error.message
    assert "ExecutionRoleArn is 'no role, but long enough'" in error.message


@pytest.mark.parametrize(("service", "code"), sorted(VALIDATION_CODES.items()))
def test_each_service_that_has_a_code_of_its_own_for_faults_exists(service: str, code: str) -> None:
    assert service_model(service).operation_names
    assert code.isalpha()
