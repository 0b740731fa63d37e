"""The check of requests finds what AWS would refuse."""

from typing import Any

import pytest

from tests.aws.request_check import faults

GOOD: dict[str, Any] = {
    "TrainingJobName": "mls-flights-1",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "HyperParameters": {"num_round": "50"},
    "RoleArn": "arn:aws:iam::123456789012:role/mls-demo-sagemaker",
    "OutputDataConfig": {"S3OutputPath": "s3://artifacts/runs"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "Tags": [{"Key": "GitBranch", "Value": "main"}],
}


def test_a_good_request_has_no_fault() -> None:
    assert faults("sagemaker", "CreateTrainingJob", GOOD) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"TrainingJobName": "x" * 64}, "64 is longer than 63"),
        ({"TrainingJobName": "under_score"}, "does not match"),
        ({"AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "file"}}, "is not one of"),
        ({"HyperParameters": {"num_round": 50}}, "Invalid type"),
        ({"HyperParameters": {"note": "x" * 2501}}, "2501 is longer than 2500"),
        ({"Tags": [{"Key": "k", "Value": "#"}]}, "does not match"),
        ({"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "51 is longer than 50"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "MaxRuntimeInSeconds"),
        ({"Misspelt": 1}, "Unknown parameter"),
        ({"RoleArn": None}, "Invalid type"),
    ],
)
def test_a_fault_is_found(change: dict[str, Any], fault: str) -> None:
    assert fault in "\n".join(faults("sagemaker", "CreateTrainingJob", {**GOOD, **change}))
