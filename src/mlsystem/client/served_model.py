"""What the variants of an endpoint serve, and on what: models as their configuration names them, as far as they still exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.endpoint import Endpoint

GONE = "Could not find"
# What the name of a variable says about its value.
SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE", "API_KEY", "APIKEY", "ACCESS_KEY")


@dataclass(frozen=True)
class Model:
    """What a variant serves, as its configuration says. `environment` has no secrets."""

    variant: str
    name: str
    instance_type: str
    first_instances: int
    data: str
    image: str
    environment: tuple[tuple[str, str], ...]


def served_models(connection: Connection, endpoint: Endpoint) -> list[Model]:
    """One for each variant; none where the configuration is gone."""
    sagemaker = connection.client("sagemaker")
    try:
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint.config)
    except ClientError as error:
        if GONE in error.response["Error"]["Message"]:
            return []
        raise
    images = {one.name: one.image for one in endpoint.variants}
    variants = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", ())]
    return [_model(sagemaker, one, images.get(one["VariantName"], "")) for one in variants if one.get("ModelName")]


def shown_environment(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """By name; what may be a secret is there, but not its value."""
    return tuple(
        (name, "(not shown)" if is_secret(name) and value else value) for name, value in sorted(variables.items())
    )


def is_secret(name: str) -> bool:
    return any(word in name.upper() for word in SECRET_WORDS)


def _model(sagemaker: Any, variant: Mapping[str, Any], image: str) -> Model:
    name = variant["ModelName"]
    try:
        container = sagemaker.describe_model(ModelName=name).get("PrimaryContainer", {})
    except ClientError as error:
        if GONE not in error.response["Error"]["Message"]:
            raise
        container = {}
    return Model(
        variant=variant["VariantName"],
        name=name,
        instance_type=variant.get("InstanceType", "serverless"),
        first_instances=variant.get("InitialInstanceCount", 0),
        data=container.get("ModelDataUrl", ""),
        image=image or container.get("Image", ""),
        environment=shown_environment(container.get("Environment", {})),
    )
