"""Where the logs of things are, as URLs of the page of their lines."""

from __future__ import annotations

from urllib.parse import urlencode

from mlsystem.console.visit import Visit

JOBS, ENDPOINTS, FUNCTIONS = "/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/Endpoints/", "/aws/lambda/"


def log_url(visit: Visit, group: str, stream: str = "") -> str:
    """`stream` is the beginning of a stream's name."""
    return visit.url(f"/logs/lines?{urlencode({'group': group, **({'stream': stream} if stream else {})})}")


def job_log_url(visit: Visit, job: str) -> str:
    """Of a processing job."""
    return log_url(visit, JOBS, f"{job}/")
