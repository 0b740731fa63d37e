"""Before a person is asked, for the pipeline: what the new model has reached, and how it stands against the one that serves.

It is what the training workflow has compared, so that nobody has to look for it. Without it nobody is asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from check import CheckError
from pipeline_action import Result, run_action

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient

OF_VERDICTS = {
    "no champion": "There is no champion to compare it with.",
    "not worse": "The champion {TrainingJobName} has {Value:.4g} on the same test set.",
    "unreadable": "The champion {TrainingJobName} could not be evaluated on the test set, which the settings let pass: {Reason}",
    "not comparable": "The champion {TrainingJobName} has {Value:.4g}, measured by {Measured}, which cannot be compared.",
}
LONGEST = 500  # of the 1000 characters that a question to a person may have


def tell_evidence(stepfunctions: SFNClient, execution: str) -> Result:
    """`execution`: the training execution's ARN. Raises CheckError."""
    if ":execution:" not in execution:
        raise CheckError(f"the action is given {execution!r}, which is no execution of the training workflow")
    output = json.loads(stepfunctions.describe_execution(executionArn=execution).get("output") or "{}")
    words = evidence_words(output, execution)
    return Result(words, {"Words": words})


def evidence_words(output: dict[str, Any], execution: str) -> str:
    try:
        gate, champion = output["Gate"], output["Champion"]
        told = (
            f"{gate['Metric']} is {gate['Value']:.4g}; the gate asks for {gate['Comparison']} {gate['Threshold']:g}. "
        )
        return (told + OF_VERDICTS[champion["Verdict"]].format(**champion))[:LONGEST]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckError(f"{execution}: its output does not say how the model was compared: {error!r}") from error


def handler(event: dict[str, Any], _context: object) -> bool:
    """Lambda's entry point. The event is not logged: CodePipeline puts credentials into it."""
    job = event["CodePipeline.job"]
    execution = job["data"]["actionConfiguration"]["configuration"].get("UserParameters", "")
    stepfunctions, codepipeline = boto3.client("stepfunctions"), boto3.client("codepipeline")
    return run_action(codepipeline, job["id"], lambda: tell_evidence(stepfunctions, execution))
