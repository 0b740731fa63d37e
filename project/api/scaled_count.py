"""The new endpoint gets as many instances as the old one has come to, before any client reaches it.

Each release has an endpoint of its own, which starts with the count of its template. By then the load may have scaled the
old one out, and all of that load is about to move. The count is raised, never lowered: what is too much, target tracking
takes away later.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from check import CheckError, Clock

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef, ProductionVariantSummaryTypeDef

ALIAS = "live"
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 0.5, 10.0
WAIT_SECONDS = 720.0  # SageMaker starts instances within minutes; the hook has 15, and other checks after this one

log = logging.getLogger(__name__)


def keep_scaled_count(
    lambda_client: LambdaClient, sagemaker: SageMakerClient, variables: Mapping[str, str], clock: Clock
) -> None:
    """Returns when the new endpoint is in service with that many. May be repeated. Raises CheckError.

    What is wanted is bounded by MAX_INSTANCES, the most that the new endpoint's scalable target allows.
    """
    new = variables["ENDPOINT_NAME"]
    old = _endpoint_before(lambda_client, variables["FUNCTION_NAME"])
    if old in ("", new):
        return
    wanted = min(_count_of(sagemaker, old), int(variables["MAX_INSTANCES"]))
    deadline = clock.now() + WAIT_SECONDS
    endpoint = _settled(sagemaker, new, clock, deadline)
    variant = _variant(endpoint)
    if endpoint["EndpointStatus"] != "InService" or _desired(variant) >= wanted:
        return  # whether it serves is for the next check
    log.info("%s has %d instances, %s gets as many; it has %d", old, wanted, new, _desired(variant))
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=new,
        DesiredWeightsAndCapacities=[{"VariantName": variant["VariantName"], "DesiredInstanceCount": wanted}],
    )
    endpoint = _settled(sagemaker, new, clock, deadline)
    found = _variant(endpoint).get("CurrentInstanceCount", 0)
    if endpoint["EndpointStatus"] != "InService" or found < wanted:
        reason = endpoint.get("FailureReason", "")
        raise CheckError(
            f"endpoint {new} is {endpoint['EndpointStatus']} with {found} instances, and not with {wanted} as {old} is "
            f"{reason}".rstrip()
        )


def _endpoint_before(lambda_client: LambdaClient, function_name: str) -> str:
    """That of the version which has the traffic now; empty where it names none."""
    version = lambda_client.get_alias(FunctionName=function_name, Name=ALIAS)["FunctionVersion"]
    found = lambda_client.get_function_configuration(FunctionName=function_name, Qualifier=version)
    return found.get("Environment", {}).get("Variables", {}).get("ENDPOINT_NAME", "")


def _count_of(sagemaker: SageMakerClient, endpoint_name: str) -> int:
    """What it has, and what it is on its way to if that is more; 0 for an endpoint that is gone."""
    try:
        variant = _variant(sagemaker.describe_endpoint(EndpointName=endpoint_name))
    except ClientError as error:
        if "Could not find" in error.response["Error"]["Message"]:
            return 0
        raise
    return max(variant.get("CurrentInstanceCount", 0), _desired(variant))


def _settled(sagemaker: SageMakerClient, name: str, clock: Clock, deadline: float) -> DescribeEndpointOutputTypeDef:
    """The endpoint when nothing is being done to it any more."""
    pause = FIRST_POLL_SECONDS
    while True:
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"] not in CHANGING:
            return endpoint
        if clock.now() > deadline:
            raise CheckError(f"endpoint {name} is still {endpoint['EndpointStatus']} after {WAIT_SECONDS:.0f} s")
        clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)


def _variant(endpoint: DescribeEndpointOutputTypeDef) -> ProductionVariantSummaryTypeDef:
    """The template gives an endpoint one. While it is created for the first time there may be none to see."""
    none_yet: ProductionVariantSummaryTypeDef = {"VariantName": ""}
    return next(iter(endpoint.get("ProductionVariants", [])), none_yet)


def _desired(variant: ProductionVariantSummaryTypeDef) -> int:
    return variant.get("DesiredInstanceCount", 0)
