"""A training workflow of the kind that the project runs, from its first state to its last.

Experiment and trial, data, then the baseline beside training, evaluation and the gate; in JSONata, with jobs that are
waited for, a Retry on what can time out, and a named Fail for everything that can go wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.decide.states import TaskSubmitted, parse
from tests.unit.engine.decide.states.player import Player

FUNCTION = "arn:aws:states:::lambda:invoke"
PROCESSING = "arn:aws:states:::sagemaker:createProcessingJob.sync"
TRAINING = "arn:aws:states:::sagemaker:createTrainingJob.sync"
MODEL = "arn:aws:states:::sagemaker:createModel"

INPUT = {
    "Experiment": "flights",
    "Trial": "run-7",
    "TrainingJobName": "flights-7",
    "GitCommitHash": "abc123",
    "Hyperparameters": {"num_leaves": "31"},
    "Gate": {"Metric": "auc", "Comparison": "GreaterThan", "Threshold": 0.7},
}


def failing(name: str, cause: str) -> dict[str, Any]:
    return {"Type": "Fail", "Error": name, "Cause": cause}


def catch(next: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "Assign": {"error": "{% $states.errorOutput %}"}, "Next": next}]


def job(resource: str, name: str, fields: dict[str, Any], failed: str, **more: Any) -> dict[str, Any]:
    tags = [{"Key": "GitCommitHash", "Value": "{% $run.GitCommitHash %}"}]
    experiment = {"ExperimentName": "{% $run.Experiment %}", "TrialName": "{% $run.Trial %}"}
    arguments = {name: "{% $run.TrainingJobName %}", "Tags": tags, "ExperimentConfig": experiment, **fields}
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "Catch": catch(failed), **more}


def workflow() -> dict[str, Any]:
    train = job(TRAINING, "TrainingJobName", {"HyperParameters": "{% $run.Hyperparameters %}"}, "Training Failed")
    evaluate = job(PROCESSING, "ProcessingJobName", {}, "Evaluation Failed")
    model = {
        "Type": "Task",
        "Resource": MODEL,
        "Arguments": {
            "ModelName": "{% $run.TrainingJobName %}",
            "PrimaryContainer": {"ModelDataUrl": "{% $states.input.ModelArtifacts.S3ModelArtifacts %}"},
        },
        "Catch": catch("Training Failed"),
    }
    gate = (
        "{% ($v := $lookup($evaluation, $run.Gate.Metric); $type($v) = 'number' and "
        "($run.Gate.Comparison = 'GreaterThan' ? $v > $run.Gate.Threshold : $v < $run.Gate.Threshold)) %}"
    )
    query = {
        "Type": "Task",
        "Resource": FUNCTION,
        "Arguments": {"FunctionName": "query-evaluation", "Payload": {"Job": "{% $run.TrainingJobName %}"}},
        "Assign": {"evaluation": "{% $states.result.Payload.metrics %}"},
        "Catch": catch("Evaluation Failed"),
    }
    results = {
        "Type": "Task",
        "Resource": FUNCTION,
        "Arguments": {"FunctionName": "query-training", "Payload": {"Job": "{% $run.TrainingJobName %}"}},
        "Retry": [
            {"ErrorEquals": ["EFSMountTimeoutException"], "IntervalSeconds": 3, "MaxAttempts": 3, "BackoffRate": 2}
        ],
        "Output": "{% $states.result.Payload %}",
        "Catch": catch("Training Failed"),
        "End": True,
    }
    training = {
        "StartAt": "Training Job",
        "States": {
            "Training Job": {**train, "Next": "Save Model"},
            "Save Model": {**model, "Next": "Model Evaluation Job"},
            "Model Evaluation Job": {**evaluate, "Next": "Query Evaluation Results"},
            "Query Evaluation Results": {**query, "Next": "Gate"},
            "Gate": {
                "Type": "Choice",
                "Choices": [{"Condition": gate, "Next": "Query Training Results"}],
                "Default": "Model Below Threshold",
            },
            "Query Training Results": results,
            "Model Below Threshold": failing("ModelBelowThreshold", "{% 'evaluation: ' & $string($evaluation) %}"),
            "Training Failed": failing("TrainingFailed", "{% $error.Cause %}"),
            "Evaluation Failed": failing("EvaluationFailed", "{% $error.Cause %}"),
        },
    }
    baseline = {
        "StartAt": "Baseline Job",
        "States": {
            "Baseline Job": {
                **job(PROCESSING, "ProcessingJobName", {"Environment": {"kind": "baseline"}}, "Baseline Failed"),
                "End": True,
            },
            "Baseline Failed": failing("BaselineFailed", "{% $error.Cause %}"),
        },
    }
    create = {
        "Type": "Task",
        "Resource": FUNCTION,
        "Arguments": {"FunctionName": "create-experiment", "Payload": "{% $states.input %}"},
        "Assign": {"run": "{% $states.input %}"},
        "Output": "{% $states.input %}",
        "Catch": catch("Experiment Failed"),
    }
    prepare = job(PROCESSING, "ProcessingJobName", {}, "Preparation Failed")
    return {
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 2700,
        "StartAt": "Create Experiment",
        "States": {
            "Create Experiment": {**create, "Next": "Prepare Data"},
            "Prepare Data": {**prepare, "Next": "Train"},
            "Train": {
                "Type": "Parallel",
                "Branches": [baseline, training],
                "Output": {"TrainingJobName": "{% $run.TrainingJobName %}", "Results": "{% $states.result[1] %}"},
                "End": True,
            },
            "Experiment Failed": failing("ExperimentFailed", "{% $error.Cause %}"),
            "Preparation Failed": failing("PreparationFailed", "{% $error.Cause %}"),
        },
    }


class Workflow(Player):
    """Plays the workflow up to a point."""

    def __init__(self) -> None:
        super().__init__(workflow(), INPUT)

    def prepare(self) -> Workflow:
        self.succeed({"Payload": {}})
        self.succeed({"ProcessingJobStatus": "Completed"})
        return self

    def baseline(self) -> Workflow:
        names = [task.parameters.get("Environment", {}).get("kind") for task in self.tasks]
        self.succeed({"ProcessingJobStatus": "Completed"}, task=names.index("baseline"))
        return self

    def train(self) -> Workflow:
        self.succeed({"ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"}}, task=self.index(TRAINING))
        self.succeed({"ModelArn": "arn"}, task=self.index(MODEL))
        return self

    def evaluate(self, metrics: Any) -> Workflow:
        self.succeed({"ProcessingJobStatus": "Completed"}, task=self.index(PROCESSING))
        self.succeed({"Payload": {"metrics": metrics}}, task=self.index(FUNCTION))
        return self


def test_the_workflow_runs_from_experiment_to_results() -> None:
    played = Workflow().prepare()
    assert {task.resource for task in played.tasks} == {PROCESSING, TRAINING}
    training = played.tasks[played.index(TRAINING)]
    assert training.parameters == {
        "TrainingJobName": "flights-7",
        "Tags": [{"Key": "GitCommitHash", "Value": "abc123"}],
        "ExperimentConfig": {"ExperimentName": "flights", "TrialName": "run-7"},
        "HyperParameters": {"num_leaves": "31"},
    }
    played.send(TaskSubmitted(training.token, {"TrainingJobArn": "arn"}, played.tick()))
    played.baseline().train().evaluate({"auc": 0.81})
    played.succeed({"Payload": {"accuracy": 0.9}})
    assert played.output == {"TrainingJobName": "flights-7", "Results": {"accuracy": 0.9}}
    assert played.timers == {}
    assert played.visited()[:3] == ["Create Experiment", "Prepare Data", "Train"]


def test_the_model_gets_the_artefacts_of_the_training_job() -> None:
    played = Workflow().prepare()
    played.succeed({"ModelArtifacts": {"S3ModelArtifacts": "s3://b/m"}}, task=played.index(TRAINING))
    model = played.tasks[played.index(MODEL)]
    assert model.parameters == {"ModelName": "flights-7", "PrimaryContainer": {"ModelDataUrl": "s3://b/m"}}


@pytest.mark.parametrize("metrics", [{"auc": 0.7}, {"auc": 0.1}, {"auc": "0.99"}, {"auc": None}, {}, {"f1": 0.9}])
def test_the_gate_fails_below_its_threshold_and_without_a_number_to_read(metrics: Any) -> None:
    played = Workflow().prepare().baseline().train().evaluate(metrics)
    assert played.error == "ModelBelowThreshold"
    assert played.types[-3:] == ["FailStateEntered", "ParallelStateFailed", "ExecutionFailed"]


def test_a_model_below_the_gate_stops_a_baseline_that_still_runs() -> None:
    played = Workflow().prepare().train()
    evaluation = [task.parameters.get("Environment") for task in played.tasks].index(None)
    played.succeed({"ProcessingJobStatus": "Completed"}, task=evaluation)
    played.succeed({"Payload": {"metrics": {"auc": 0.5}}}, task=played.index(FUNCTION))
    assert played.error == "ModelBelowThreshold"
    assert len(played.cancelled) == 1


def test_two_mounts_that_time_out_are_tried_again() -> None:
    played = Workflow().prepare().baseline().train().evaluate({"auc": 0.9})
    waits = []
    for _ in range(2):
        played.fail("EFSMountTimeoutException", "mount")
        waits.append(played.timer("retry").after_seconds)
        played.fire("retry")
    played.succeed({"Payload": {"accuracy": 0.9}})
    assert waits == [3, 6]
    assert played.output["Results"] == {"accuracy": 0.9}


def test_a_mount_that_always_times_out_fails_the_training() -> None:
    played = Workflow().prepare().baseline().train().evaluate({"auc": 0.9})
    for _ in range(3):
        played.fail("EFSMountTimeoutException", "mount")
        played.fire("retry")
    played.fail("EFSMountTimeoutException", "mount")
    assert (played.error, played.cause) == ("TrainingFailed", "mount")


def test_each_job_that_fails_ends_in_a_named_failure_with_its_reason() -> None:
    played = Workflow()
    played.fail("Lambda.Unknown", "no experiment")
    assert (played.error, played.cause) == ("ExperimentFailed", "no experiment")
    played = Workflow()
    played.succeed({"Payload": {}})
    played.fail("SageMaker.JobFailed", "no data")
    assert (played.error, played.cause) == ("PreparationFailed", "no data")
    played = Workflow().prepare()
    played.fail("SageMaker.JobFailed", "exit 1", task=played.index(TRAINING))
    assert (played.error, played.cause) == ("TrainingFailed", "exit 1")
    assert len(played.cancelled) == 1
    played = Workflow().prepare()
    played.fail("SageMaker.JobFailed", "bad rows", task=played.index(PROCESSING))
    assert (played.error, played.cause) == ("BaselineFailed", "bad rows")


def test_the_projects_own_workflow_is_a_good_definition() -> None:
    text = (Path(__file__).parents[5] / "project/model/workflow.asl.json").read_text()
    assert parse(text).flow.start_at in json.loads(text)["States"]


def test_the_workflow_ends_at_its_time_limit() -> None:
    played = Workflow().prepare()
    assert played.timer("execution").after_seconds == 2700
    played.fire("execution")
    assert played.types[-1] == "ExecutionTimedOut"
    assert len(played.cancelled) == 2
