"""Before every deployment, for the pipeline: the name that the release gets, and whether it goes back to a model that served before.

Model, configuration, endpoint and schedule share that name. The first release of a run is named after its training job. A rollback
of the stage deploys a run again whose resources are retained under their names: it needs new ones, or CloudFormation finds that they
exist. What production has now tells the pipeline's own history: what it has already gets its name again, so that nothing changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from check import CheckError
from pipeline_action import Result, run_action

if TYPE_CHECKING:
    from types_boto3_codepipeline import CodePipelineClient

DEPLOYMENT = "DeployModelPrd"  # the action of pipeline.yml whose runs are the history
STAGE = "-prd"  # the names of dev's models end otherwise
MAX_JOB = 58  # so that the name with its end is none that SageMaker refuses, of 63 characters


@dataclass(frozen=True)
class Release:
    """As the parameters ReleaseName and GoesBack of deploy-model-prd.yml."""

    name: str
    goes_back: bool


@dataclass(frozen=True)
class Deployment:
    """One run of the action that deploys to production."""

    training: str
    release: Release
    status: str
    began: datetime


def next_release(history: Iterable[Deployment], training: str) -> Release:
    """For the run whose training execution has this ARN.

    A deployment that failed has been taken back by CloudFormation. Of one that was abandoned nobody knows where it ended: then the name
    is a new one, which is never wrong.
    """
    deployments = sorted(history, key=lambda one: one.began, reverse=True)
    own = [one for one in deployments if one.training == training]
    latest = next((one for one in deployments if one.status != "Failed"), None)
    if latest is not None and latest.status == "Succeeded" and latest.training == training:
        return latest.release
    served = any(one.status == "Succeeded" for one in own)
    return Release(release_name(training.rsplit(":", 1)[1], len({one.release.name for one in own})), served)


def release_name(job: str, before: int) -> str:
    """`before`: how many names the run has had already. A long name of a job loses its end, which leaves it unique."""
    if not before:
        return f"{job}{STAGE}"
    number = f"-r{before + 1}"
    return f"{job[: MAX_JOB - len(number)].rstrip('-')}{number}{STAGE}"


def deployments(codepipeline: CodePipelineClient, pipeline: str) -> list[Deployment]:
    """All that the pipeline remembers."""
    found = []
    for page in codepipeline.get_paginator("list_action_executions").paginate(pipelineName=pipeline):
        for run in page["actionExecutionDetails"]:
            configuration = run.get("input", {}).get("resolvedConfiguration", {})
            given = json.loads(configuration.get("ParameterOverrides") or "{}")
            if run["actionName"] == DEPLOYMENT and "ReleaseName" in given:
                release = Release(given["ReleaseName"], given["GoesBack"] == "true")
                found.append(Deployment(given["TrainingExecutionArn"], release, run["status"], run["startTime"]))
    return found


def name_release(codepipeline: CodePipelineClient, pipeline: str, training: str) -> Result:
    """Raises CheckError."""
    if ":execution:" not in training:
        raise CheckError(f"the action is given {training!r}, which is no execution of the training workflow")
    release = next_release(deployments(codepipeline, pipeline), training)
    words = f"{release.name}{', back to a model that served before' if release.goes_back else ''}"
    return Result(words, {"Name": release.name, "GoesBack": str(release.goes_back).lower()})


def handler(event: dict[str, Any], _context: object) -> bool:
    """Lambda's entry point. The event is not logged: CodePipeline puts credentials into it."""
    codepipeline = boto3.client("codepipeline")
    job = event["CodePipeline.job"]
    training = job["data"]["actionConfiguration"]["configuration"].get("UserParameters", "")
    return run_action(
        codepipeline, job["id"], lambda: name_release(codepipeline, os.environ["PIPELINE_NAME"], training)
    )
