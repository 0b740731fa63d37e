"""Values of a JSON body have the types of AWS's model, or are named."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.front.json_types import type_faults
from mlsystem.engine.runtime.api_model import service_model

TRAINING = service_model("sagemaker").shape_for("CreateTrainingJobRequest")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ([], "the body is a list, not an object"),
        ({"TrainingJobName": 7}, "TrainingJobName is a number, not a value of type string"),
        ({"Tags": {"Key": "k"}}, "Tags is an object, not a list"),
        ({"Tags": [{"Key": ["k"]}]}, "Tags[0].Key is a list, not a value of type string"),
        ({"ResourceConfig": {"InstanceCount": "1"}}, "ResourceConfig.InstanceCount is a text, not a value of type integer"),
        ({"ResourceConfig": {"InstanceCount": True}}, "ResourceConfig.InstanceCount is a boolean, not a value of type integer"),
        ({"ResourceConfig": {"InstanceCount": 1.5}}, "ResourceConfig.InstanceCount is a number, not a value of type integer"),
        ({"HyperParameters": {"depth": 3}}, "HyperParameters.depth is a number, not a value of type string"),
        ({"EnableNetworkIsolation": "yes"}, "EnableNetworkIsolation is a text, not a value of type boolean"),
    ],
)  # fmt: skip
def test_another_type_is_named_with_its_path(body: Any, fault: str) -> None:
    assert list(type_faults(TRAINING, body)) == [fault]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"NotAMember": 7},
        {"Tags": None, "TrainingJobName": "t", "HyperParameters": {"depth": "3"}},
        {"ResourceConfig": {"InstanceCount": 1.0, "VolumeSizeInGB": 30}},
    ],
)
def test_what_aws_takes_is_no_fault(body: Any) -> None:
    assert list(type_faults(TRAINING, body)) == []
