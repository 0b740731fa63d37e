"""An endpoint as DescribeEndpoint tells it."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.sagemaker.endpoint import Deployment, Endpoint, Phase, Rollout, Variant
from mlsystem.engine.services.sagemaker.endpoint_change import VARIANT_STATUS
from mlsystem.engine.services.sagemaker.listing import when


def describe_endpoint(endpoint: Endpoint) -> dict[str, object]:
    shown = endpoint.shown
    answer: dict[str, object] = {
        "EndpointName": endpoint.key,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": shown.config_name,
        "EndpointStatus": endpoint.state,
        "CreationTime": when(endpoint.created_at),
        "LastModifiedTime": when(endpoint.updated_at),
    }
    if endpoint.failure_reason:
        answer["FailureReason"] = endpoint.failure_reason
    if endpoint.serving:
        answer["ProductionVariants"] = [_variant(endpoint, shown, variant) for variant in shown.production]
        if shown.shadow is not None:
            answer["ShadowProductionVariants"] = [_variant(endpoint, shown, shown.shadow)]
    if shown.capture:
        answer["DataCaptureConfig"] = _capture(shown)
    if endpoint.deployment_config:
        answer["LastDeploymentConfig"] = endpoint.deployment_config
    if endpoint.rollout is not None:
        answer["PendingDeploymentSummary"] = pending_deployment(endpoint, endpoint.rollout)
    return answer


def pending_deployment(endpoint: Endpoint, rollout: Rollout) -> dict[str, Any]:
    """The update that is on its way: its new fleet, and how far it has come."""
    pending = endpoint.deployment(endpoint.target)
    told = {"EndpointConfigName": pending.config_name, "StartTime": when(pending.started_at)}
    of_production = [_pending_variant(endpoint, rollout, pending, variant) for variant in pending.production]
    if pending.shadow is None:
        return {**told, "ProductionVariants": of_production}
    shadows = [_pending_variant(endpoint, rollout, pending, pending.shadow)]
    return {**told, "ProductionVariants": of_production, "ShadowProductionVariants": shadows}


def _pending_variant(endpoint: Endpoint, rollout: Rollout, pending: Deployment, variant: Variant) -> dict[str, Any]:
    status = {
        "Status": VARIANT_STATUS[rollout.stage],
        "StatusMessage": f"{rollout.active.get(variant.name, 0)} of {variant.count} instances have traffic",
        "StartTime": when(rollout.since),
    }
    shape = {"InstanceType": variant.instance_type, "VariantStatus": [status]}
    return {**_variant(endpoint, pending, variant), **shape}


def _variant(endpoint: Endpoint, deployment: Deployment, variant: Variant) -> dict[str, Any]:
    healthy = [
        one
        for one in endpoint.instances
        if one.deployment == deployment.number and one.variant == variant.name and one.phase is Phase.SERVING
    ]
    image = variant.model["Container"]["Image"]
    deployed: dict[str, Any] = {"SpecifiedImage": image, "ResolutionTime": when(deployment.started_at)}
    if variant.digest:
        deployed["ResolvedImage"] = f"{image.partition('@')[0].partition(':')[0]}@{variant.digest}"
    return {
        "VariantName": variant.name,
        "DeployedImages": [deployed],
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
        "CurrentInstanceCount": len(healthy),
        "DesiredInstanceCount": variant.count,
    }


def _capture(deployment: Deployment) -> dict[str, Any]:
    capture = deployment.capture or {}
    return {
        "EnableCapture": deployment.is_captured,
        "CaptureStatus": "Started" if deployment.is_captured else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
