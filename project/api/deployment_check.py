"""Whether what a deployment made is in order, as AWS describes it. A check that cannot be made has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from check import CheckError

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_sagemaker import SageMakerClient

ALIAS = "live"


def require_endpoint_in_service(sagemaker: SageMakerClient, endpoint_name: str) -> None:
    """The endpoint serves, and captures what it serves."""
    endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    if endpoint["EndpointStatus"] != "InService":
        reason = endpoint.get("FailureReason", "")
        raise CheckError(f"endpoint {endpoint_name} is {endpoint['EndpointStatus']} {reason}".rstrip())
    capture = endpoint.get("DataCaptureConfig")
    if not capture or not capture["EnableCapture"]:
        raise CheckError(f"endpoint {endpoint_name} does not capture its requests")


def require_all_traffic(lambda_client: LambdaClient, function_name: str, version: str) -> None:
    """The alias sends every request to `version`."""
    alias = lambda_client.get_alias(FunctionName=function_name, Name=ALIAS)
    others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    if alias["FunctionVersion"] != version or any(others.values()):
        raise CheckError(
            f"alias {ALIAS} of {function_name} routes to {alias['FunctionVersion']} {others}, not to {version}"
        )


def require_schedule(sagemaker: SageMakerClient, schedule_name: str) -> None:
    """Monitoring is on."""
    status = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule_name)["MonitoringScheduleStatus"]
    if status not in ("Scheduled", "Pending"):
        raise CheckError(f"monitoring schedule {schedule_name} is {status}")
