"""Create Experiment makes what is missing and leaves alone what is there."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_create_experiment import create_experiment

from tests.aws.clients import scripted

TAGS = [{"Key": "GitCommitHash", "Value": "0123abcd"}]
EVENT: dict[str, Any] = {"ExperimentName": "mls-demo", "TrialName": "mls-demo-1", "Tags": TAGS}


def test_the_first_run_creates_both_and_tags_the_trial() -> None:
    with scripted("sagemaker") as sagemaker:
        sagemaker.fails("describe_experiment", "ResourceNotFound")
        sagemaker.answers("create_experiment", {}, {"ExperimentName": "mls-demo"})
        sagemaker.fails("describe_trial", "ResourceNotFound")
        sagemaker.answers("create_trial", {}, EVENT)
        names = create_experiment(sagemaker.client, EVENT)
    assert names == {"ExperimentName": "mls-demo", "TrialName": "mls-demo-1"}


def test_a_later_run_finds_the_experiment_and_creates_its_trial() -> None:
    with scripted("sagemaker") as sagemaker:
        sagemaker.answers("describe_experiment", {}, {"ExperimentName": "mls-demo"})
        sagemaker.fails("describe_trial", "ResourceNotFound")
        sagemaker.answers("create_trial", {}, EVENT)
        create_experiment(sagemaker.client, EVENT)


def test_a_repeated_call_creates_nothing() -> None:
    with scripted("sagemaker") as sagemaker:
        sagemaker.answers("describe_experiment", {})
        sagemaker.answers("describe_trial", {})
        create_experiment(sagemaker.client, EVENT)


def test_a_refusal_is_not_taken_for_a_missing_experiment() -> None:
    with scripted("sagemaker") as sagemaker:
        sagemaker.fails("describe_experiment", "AccessDeniedException", "no")
        with pytest.raises(ClientError, match="AccessDenied"):
            create_experiment(sagemaker.client, EVENT)
