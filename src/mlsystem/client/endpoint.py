"""An endpoint, as SageMaker describes it: its variants, how many of each there are, and what is captured of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Stage = Literal["production", "retained", "dev", "other"]


@dataclass(frozen=True)
class Variant:
    """`image` names its digest where it is known. Weights and counts are None while the endpoint is being made."""

    name: str
    weight: float | None
    desired_weight: float | None
    instances: int | None
    desired_instances: int | None
    image: str
    is_shadow: bool


@dataclass(frozen=True)
class Capture:
    """`uri` is where the records of all endpoints with this configuration lie."""

    is_on: bool
    percent: int
    uri: str
    key: str

    @property
    def place(self) -> tuple[str, str]:
        """Bucket and prefix, which ends with a slash unless it is empty."""
        bucket, _, prefix = self.uri.removeprefix("s3://").partition("/")
        return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""


@dataclass(frozen=True)
class Endpoint:
    """`traffic` is its share of the API's, None for one that the API does not know."""

    name: str
    arn: str
    status: str
    config: str
    created: datetime
    modified: datetime
    variants: tuple[Variant, ...]
    capture: Capture | None
    failure: str = ""
    stage: Stage = "other"
    traffic: float | None = None

    @property
    def is_in_service(self) -> bool:
        return self.status in ("InService", "Updating", "SystemUpdating", "RollingBack")


def read_endpoint(found: Mapping[str, Any]) -> Endpoint:
    """Of what DescribeEndpoint answers."""
    return Endpoint(
        name=found["EndpointName"],
        arn=found["EndpointArn"],
        status=found["EndpointStatus"],
        config=found.get("EndpointConfigName", ""),
        created=found["CreationTime"],
        modified=found["LastModifiedTime"],
        variants=(
            *_variants(found.get("ProductionVariants", ())),
            *_variants(found.get("ShadowProductionVariants", ()), is_shadow=True),
        ),
        capture=_capture(found.get("DataCaptureConfig")),
        failure=found.get("FailureReason", ""),
    )


def _variants(found: Sequence[Mapping[str, Any]], is_shadow: bool = False) -> list[Variant]:
    return [
        Variant(
            name=one["VariantName"],
            weight=one.get("CurrentWeight"),
            desired_weight=one.get("DesiredWeight"),
            instances=one.get("CurrentInstanceCount"),
            desired_instances=one.get("DesiredInstanceCount"),
            image=next(
                (image["ResolvedImage"] for image in one.get("DeployedImages", ()) if "ResolvedImage" in image), ""
            ),
            is_shadow=is_shadow,
        )
        for one in found
    ]


def _capture(found: Mapping[str, Any] | None) -> Capture | None:
    if not found:
        return None
    return Capture(
        found.get("EnableCapture", False),
        found.get("CurrentSamplingPercentage", 0),
        found.get("DestinationS3Uri", ""),
        found.get("KmsKeyId", ""),
    )
