"""For the training workflow: the model that production serves now, which a new one has to stand against.

The alias of the API function tells, as it leads to what answers requests, whatever was deployed since or taken back by hand. Where
the account has no such alias, production is in another one or not there yet: then the pipeline's own history tells which model it has
deployed last. None in either is the first run. What cannot be told is an error, and never "none".
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import boto3
from check import CheckError
from name_release import deployments

if TYPE_CHECKING:
    from types_boto3_codepipeline import CodePipelineClient
    from types_boto3_lambda import LambdaClient

ALIAS = "live"
FUNCTIONS = ("api", "api-zip")  # of deploy-model-prd.yml, of which a stack has one

log = logging.getLogger(__name__)


def find_champion(lambda_client: LambdaClient, codepipeline: CodePipelineClient, pipeline: str) -> dict[str, str]:
    """The training job whose model serves, or an empty name. Raises CheckError."""
    found = {f"{pipeline}-{name}": _serving(lambda_client, f"{pipeline}-{name}") for name in FUNCTIONS}
    jobs = {job for job in found.values() if job}
    if len(jobs) > 1:
        raise CheckError(
            f"two functions serve different models: {found}; remove the alias {ALIAS} of the one that is old"
        )
    champion = jobs.pop() if jobs else _last_deployed(codepipeline, pipeline)
    log.info("the champion is %s", champion or "none")
    return {"TrainingJobName": champion}


def _serving(lambda_client: LambdaClient, function: str) -> str:
    """The training job of the version that takes the alias's traffic: while it shifts, that of the old one."""
    try:
        version = lambda_client.get_alias(FunctionName=function, Name=ALIAS)["FunctionVersion"]
    except lambda_client.exceptions.ResourceNotFoundException:
        return ""
    settings = lambda_client.get_function_configuration(FunctionName=function, Qualifier=version)
    job = settings.get("Environment", {}).get("Variables", {}).get("TRAINING_JOB_NAME", "")
    if not job:
        raise CheckError(f"version {version} of {function} serves, and does not say of which training job its model is")
    return job


def _last_deployed(codepipeline: CodePipelineClient, pipeline: str) -> str:
    done = [one for one in deployments(codepipeline, pipeline) if one.status == "Succeeded"]
    return max(done, key=lambda one: one.began).training.rsplit(":", 1)[1] if done else ""


def handler(_event: dict[str, Any], _context: object) -> dict[str, str]:
    """Lambda's entry point."""
    return find_champion(boto3.client("lambda"), boto3.client("codepipeline"), os.environ["PIPELINE_NAME"])
