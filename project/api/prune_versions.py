"""After every deployment, for the pipeline: what older runs left goes, but for the newest few.

Each release leaves its model, configuration and endpoint behind, so that a rollback is a change of weights, also later. Model,
configuration, endpoint and schedule of a version share one name, and whose it is tells the place of its model's data. What
an alias of the API function leads to is never touched, and when that cannot be told, nothing is.

A release that goes back to an older run leaves behind that run's first release, and those after it, which were found wanting:
none of them is something to go back to, so none is retained.

A version is found by its model, which is deleted last: one that was left half deleted is taken up by the next run.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from check import CheckError, Clock
from pipeline_action import Result, run_action

if TYPE_CHECKING:
    from types_boto3_application_autoscaling import ApplicationAutoScalingClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_sagemaker import SageMakerClient

STAGE = "-prd"  # the names of dev's models end otherwise
VARIANT = "AllTraffic"
POLL_SECONDS = 5.0
SCHEDULE_SECONDS = 300.0  # a schedule goes in its own time, and an endpoint that has one does not go
GONE = {"ResourceNotFound", "ObjectNotFoundException"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Version:
    """One release, by the name that all of it has."""

    name: str
    training_job: str
    created_at: datetime


@dataclass(frozen=True)
class Clients:
    lambda_client: LambdaClient
    sagemaker: SageMakerClient
    scaling: ApplicationAutoScalingClient


def prune(clients: Clients, variables: Mapping[str, str], clock: Clock) -> str:
    """Remove what is too old; says what. Raises CheckError, with nothing removed, when it cannot tell what is in use."""
    in_use = endpoints_in_use(clients.lambda_client, variables["FUNCTION_NAME"]) | {variables["ENDPOINT_NAME"]}
    versions = own_versions(clients.sagemaker, variables["RUN_PREFIX"], variables["RUNS_URI"])
    current = next((version for version in versions if version.name == variables["ENDPOINT_NAME"]), None)
    if current is None:
        raise CheckError(f"the model of endpoint {variables['ENDPOINT_NAME']} is not among {_names(versions)}")
    old = too_old(versions, current, in_use, int(variables["RETAINED_VERSIONS"]))
    for version in old:
        remove(clients, version.name, clock)
        log.info("removed %s", version.name)
    kept = [version for version in versions if version not in old]
    return f"removed: {_names(old)}; kept: {_names(kept)}"


def too_old(versions: Iterable[Version], current: Version, in_use: set[str], retained: int) -> list[Version]:
    """Of those before the current one that nothing leads to: what was gone back from, and all but the newest `retained` of the rest.

    `versions`: newest first.
    """
    found = list(versions)
    first = min(version.created_at for version in found if version.training_job == current.training_job)
    before = [one for one in found if one.created_at < current.created_at and one.name not in in_use and one != current]
    gone_back_from = [one for one in before if one.created_at >= first]
    return gone_back_from + [one for one in before if one.created_at < first][retained:]


def endpoints_in_use(lambda_client: LambdaClient, function_name: str) -> set[str]:
    """The endpoints of all versions of the API function that an alias leads to."""
    found = set()
    for page in lambda_client.get_paginator("list_aliases").paginate(FunctionName=function_name):
        for alias in page["Aliases"]:
            shares = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            for version in [alias["FunctionVersion"], *(name for name, share in shares.items() if share > 0)]:
                found.add(_endpoint_of(lambda_client, function_name, version))
    if not found:
        raise CheckError(f"function {function_name} has no alias, so it cannot be told which endpoints are in use")
    return found


def _endpoint_of(lambda_client: LambdaClient, function_name: str, version: str) -> str:
    settings = lambda_client.get_function_configuration(FunctionName=function_name, Qualifier=version)
    name = settings.get("Environment", {}).get("Variables", {}).get("ENDPOINT_NAME", "")
    if not name:
        raise CheckError(f"version {version} of {function_name} does not say which endpoint it asks")
    return name


def own_versions(sagemaker: SageMakerClient, run_prefix: str, runs_uri: str) -> list[Version]:
    """The production versions whose models this pipeline has trained, newest first."""
    request: Any = {"NameContains": run_prefix, "SortBy": "CreationTime", "SortOrder": "Descending"}
    found = []
    for page in sagemaker.get_paginator("list_models").paginate(**request):
        for model in page["Models"]:
            name = model["ModelName"]
            if not name.startswith(f"{run_prefix}-") or not name.endswith(STAGE):
                continue
            container = sagemaker.describe_model(ModelName=name).get("PrimaryContainer", {})
            data = container.get("ModelDataUrl", "")
            training_job = data.removeprefix(runs_uri).split("/", 1)[0]
            if data.startswith(runs_uri) and _is_release(name, training_job):
                found.append(Version(name, training_job, model["CreationTime"]))
    return found


def _is_release(name: str, training_job: str) -> bool:
    """Whether it is one of the names that name_release.py gives to the releases of a run."""
    stem = name.removesuffix(STAGE)
    begin, _, number = stem.rpartition("-r")
    return stem == training_job or (number.isdigit() and begin != "" and training_job.startswith(begin))


def remove(clients: Clients, name: str, clock: Clock) -> None:
    """All of one version; what is gone already is no trouble."""
    sagemaker = clients.sagemaker
    _unless_gone(lambda: sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name))
    _await_schedule_gone(sagemaker, name, clock)
    _unless_gone(
        lambda: clients.scaling.deregister_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{name}/variant/{VARIANT}",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        )
    )
    _unless_gone(lambda: sagemaker.delete_endpoint(EndpointName=name))
    _unless_gone(lambda: sagemaker.delete_endpoint_config(EndpointConfigName=name))
    _unless_gone(lambda: sagemaker.delete_model(ModelName=name))


def _await_schedule_gone(sagemaker: SageMakerClient, name: str, clock: Clock) -> None:
    began = clock.now()
    while _unless_gone(lambda: sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)):
        if clock.now() - began > SCHEDULE_SECONDS:
            raise CheckError(f"monitoring schedule {name} was not deleted within {SCHEDULE_SECONDS:.0f} s")
        clock.sleep(POLL_SECONDS)


def _unless_gone(call: Callable[[], object]) -> bool:
    """Whether there was something to do it to."""
    try:
        call()
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] in GONE or "Could not find" in details.get("Message", ""):
            return False
        raise
    return True


def _names(versions: Iterable[Version]) -> str:
    return ", ".join(version.name for version in versions) or "none"


def handler(event: dict[str, Any], _context: object) -> bool:
    """Lambda's entry point. The event is not logged: CodePipeline puts credentials into it."""
    clients = Clients(boto3.client("lambda"), boto3.client("sagemaker"), boto3.client("application-autoscaling"))
    clock = Clock(time.time, time.sleep)
    job_id = event["CodePipeline.job"]["id"]
    return run_action(boto3.client("codepipeline"), job_id, lambda: Result(prune(clients, os.environ, clock)))
