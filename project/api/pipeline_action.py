"""How a function that the pipeline calls ends: CodePipeline waits until it is told, so it is told whatever happened."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from check import CheckError

if TYPE_CHECKING:
    from types_boto3_codepipeline import CodePipelineClient

MAX_MESSAGE = 5000  # of a failure, to CodePipeline
MAX_SUMMARY = 2048  # of a success

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What CodePipeline is told of a success: words for a person, and variables for later actions."""

    summary: str
    variables: Mapping[str, str] = field(default_factory=dict)


def run_action(codepipeline: CodePipelineClient, job_id: str, work: Callable[[], Result]) -> bool:
    """Do the work and tell CodePipeline how it ended. Returns whether it succeeded."""
    try:
        result = work()
    except Exception as error:
        message = f"{type(error).__name__}: {error}"[:MAX_MESSAGE]
        codepipeline.put_job_failure_result(jobId=job_id, failureDetails={"type": "JobFailed", "message": message})
        if not isinstance(error, CheckError):
            raise
        log.error("the deployment is not as it should be: %s", error)  # noqa: TRY400 - the message says it all
        return False
    codepipeline.put_job_success_result(
        jobId=job_id,
        executionDetails={"summary": result.summary[:MAX_SUMMARY]},
        outputVariables=result.variables,
    )
    return True
