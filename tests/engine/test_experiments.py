"""Experiments: trials, their components, and the components that jobs leave behind."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine, eventually
from tests.roles import role


class Bench:
    """An experiment with a trial of a test's own."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.sagemaker = engine.client("sagemaker")
        self.name = f"e-{uuid.uuid4().hex[:8]}"
        self.trial = f"{self.name}-trial"
        self.sagemaker.create_experiment(ExperimentName=self.name, Tags=[{"Key": "team", "Value": self.name}])
        self.sagemaker.create_trial(ExperimentName=self.name, TrialName=self.trial)

    def names(self, **request: Any) -> list[str]:
        pages = self.sagemaker.get_paginator("list_trial_components").paginate(**request)
        return [one["TrialComponentName"] for page in pages for one in page["TrialComponentSummaries"]]

    def search(self, resource: str, *filters: tuple[str, str, str]) -> list[dict[str, Any]]:
        given = [{"Name": name, "Operator": operator, "Value": value} for name, operator, value in filters]
        found = self.sagemaker.search(Resource=resource, SearchExpression={"Filters": given})["Results"]
        return [record for one in found for record in one.values()]


@pytest.fixture
def bench(engine: LiveEngine) -> Bench:
    return Bench(engine)


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def test_an_experiment_is_made_once_and_goes_after_its_trials(bench: Bench) -> None:
    sagemaker = bench.sagemaker
    assert sagemaker.describe_trial(TrialName=bench.trial)["ExperimentName"] == bench.name
    assert _code(lambda: sagemaker.create_experiment(ExperimentName=bench.name)) == "ValidationException"
    assert _code(lambda: sagemaker.delete_experiment(ExperimentName=bench.name)) == "ValidationException"
    listed = sagemaker.list_trials(ExperimentName=bench.name)["TrialSummaries"]
    assert [one["TrialName"] for one in listed] == [bench.trial]
    assert [one["ExperimentName"] for one in bench.search("Experiment", ("Tags.team", "Equals", bench.name))] == [
        bench.name
    ]
    sagemaker.delete_trial(TrialName=bench.trial)
    sagemaker.delete_experiment(ExperimentName=bench.name)
    assert _code(lambda: sagemaker.describe_experiment(ExperimentName=bench.name)) == "ResourceNotFound"


def test_a_component_belongs_to_the_trials_that_it_was_put_into(bench: Bench) -> None:
    sagemaker, name = bench.sagemaker, f"{bench.name}-part"
    started = datetime(2026, 3, 1, tzinfo=UTC)
    parameters = {"depth": {"NumberValue": 7.0}, "kind": {"StringValue": "tree"}}
    sagemaker.create_trial_component(TrialComponentName=name, StartTime=started, Parameters=parameters)
    link = {"TrialComponentName": name, "TrialName": bench.trial}
    sagemaker.associate_trial_component(**link)
    assert bench.names(TrialName=bench.trial) == bench.names(ExperimentName=bench.name) == [name]
    status = {"PrimaryStatus": "Completed"}
    sagemaker.update_trial_component(TrialComponentName=name, Status=status, Parameters={"depth": {"NumberValue": 9.0}})
    told = sagemaker.describe_trial_component(TrialComponentName=name)
    assert (told["StartTime"], told["Status"]) == (started, status)
    assert told["Parameters"] == {**parameters, "depth": {"NumberValue": 9.0}}
    deep = ("Parameters.depth", "GreaterThan", "8"), ("Parents.TrialName", "Equals", bench.trial)
    assert [one["TrialComponentName"] for one in bench.search("ExperimentTrialComponent", *deep)] == [name]
    assert _code(lambda: sagemaker.delete_trial_component(TrialComponentName=name)) == "ValidationException"
    sagemaker.disassociate_trial_component(**link)
    sagemaker.delete_trial_component(TrialComponentName=name)
    assert bench.names(TrialName=bench.trial) == []


def test_a_job_that_names_a_trial_is_a_component_of_it(bench: Bench) -> None:
    sagemaker, job = bench.sagemaker, f"{bench.name}-job"
    sagemaker.create_processing_job(
        ProcessingJobName=job,
        AppSpecification={"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/none:latest"},
        Environment={"ROWS": "12"},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        RoleArn=role(bench.engine, "trainer"),
        ExperimentConfig={
            "ExperimentName": bench.name,
            "TrialName": bench.trial,
            "TrialComponentDisplayName": "Prepare-Data",
        },
    )
    name = f"{job}-aws-processing-job"
    assert bench.names(TrialName=bench.trial) == [name]

    def told() -> Any:
        return sagemaker.describe_trial_component(TrialComponentName=name)

    eventually(lambda: told()["Status"]["PrimaryStatus"] == "Failed")
    assert (told()["DisplayName"], told()["Parameters"]["ROWS"]) == ("Prepare-Data", {"NumberValue": 12.0})
    assert told()["Source"]["SourceType"] == "SageMakerProcessingJob"
    sagemaker.disassociate_trial_component(TrialComponentName=name, TrialName=bench.trial)
    assert bench.names(TrialName=bench.trial) == []
    sagemaker.delete_trial_component(TrialComponentName=name)
    assert _code(told) == "ResourceNotFound"
