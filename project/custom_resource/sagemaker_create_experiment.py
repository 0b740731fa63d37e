"""Create Experiment: the experiment of the pipeline and the trial of a run, to which its jobs are added.

Both may exist: the experiment since the first run, the trial since an earlier attempt of the same run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_sagemaker import SageMakerClient

NOT_FOUND = ("ResourceNotFound", "ResourceNotFoundException")

log = logging.getLogger(__name__)


def create_experiment(sagemaker: SageMakerClient, event: dict[str, Any]) -> dict[str, str]:
    """`event`: ExperimentName, TrialName, Tags (of the trial). Returns the two names."""
    experiment, trial = event["ExperimentName"], event["TrialName"]
    if not _exists(lambda: sagemaker.describe_experiment(ExperimentName=experiment)):
        sagemaker.create_experiment(ExperimentName=experiment)
        log.info("created experiment %s", experiment)
    if not _exists(lambda: sagemaker.describe_trial(TrialName=trial)):
        sagemaker.create_trial(ExperimentName=experiment, TrialName=trial, Tags=event["Tags"])
        log.info("created trial %s", trial)
    return {"ExperimentName": experiment, "TrialName": trial}


def _exists(describe: Callable[[], object]) -> bool:
    try:
        describe()
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_FOUND:
            return False
        raise
    return True


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Lambda's entry point."""
    return create_experiment(boto3.client("sagemaker"), event)
