"""Endpoints: those of a project and what they do there, and one in full.

Which belong to a project their names say, as its stacks make them: one of the dev stage, and one for each release that is kept. Two
projects may have a model of the same name, so a release's tags must name the project too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project
from mlsystem.client.releases import ALIAS
from mlsystem.client.stack import Stack

Stage = Literal["production", "retained", "dev", "other"]
PAGE = 25
AT_ONCE = 4
TAG = "Project"
GONE = "Could not find"
# What the name of a variable says about its value.
SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE", "API_KEY", "APIKEY", "ACCESS_KEY")


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


@dataclass(frozen=True)
class Listed:
    """An endpoint of the account as a list tells of it."""

    name: str
    status: str
    created: datetime
    modified: datetime


@dataclass(frozen=True)
class Others:
    """Endpoints that are not the project's, newest first. `token` leads to older ones."""

    endpoints: tuple[Listed, ...]
    token: str


class Endpoints:
    def __init__(self, connection: Connection, project: Project):
        self._connection = connection
        self._project = project
        self._sagemaker = connection.client("sagemaker")

    def own(self) -> list[Endpoint]:
        """Of the project: production first, then retained releases, newest first, then dev."""
        served = self._served()
        names = [one["EndpointName"] for one in self._list(NameContains=self._release_prefix)["Endpoints"]]
        names = [name for name in dict.fromkeys([*served, *names, self._dev]) if self.is_own(name)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = [one for one in pool.map(lambda name: self._own(name, served), names) if one is not None]
        order = ("production", "retained", "dev")
        return sorted(found, key=lambda one: (order.index(one.stage), -one.created.timestamp()))

    def others(self, token: str = "") -> Others:
        answer = self._list(**({"NextToken": token} if token else {}))
        found = [one for one in answer["Endpoints"] if not self.is_own(one["EndpointName"])]
        listed = (
            Listed(one["EndpointName"], one["EndpointStatus"], one["CreationTime"], one["LastModifiedTime"])
            for one in found
        )
        return Others(tuple(listed), answer.get("NextToken", ""))

    def find(self, name: str) -> Endpoint:
        """Without its traffic. Raises NotFound."""
        found = self._describe(name)
        if found is None:
            raise NotFound(f"there is no endpoint {name}; it may have been removed with its release")
        return self._placed(found, {})

    def with_traffic(self, endpoint: Endpoint) -> Endpoint:
        return self._placed(endpoint, self._served()) if self.is_own(endpoint.name) else endpoint

    def models(self, endpoint: Endpoint) -> list[Model]:
        """Of each variant, as far as they still exist."""
        try:
            config = self._sagemaker.describe_endpoint_config(EndpointConfigName=endpoint.config)
        except ClientError as error:
            if GONE in error.response["Error"]["Message"]:
                return []
            raise
        images = {one.name: one.image for one in endpoint.variants}
        variants = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", ())]
        return [self._model(one, images.get(one["VariantName"], "")) for one in variants if one.get("ModelName")]

    def is_own(self, name: str) -> bool:
        """As far as a name can tell."""
        is_release = name.startswith(self._release_prefix) and name.endswith("-prd")
        return name == self._dev or is_release

    # ------------------------------------------------------------------ inner
    @property
    def _dev(self) -> str:
        return f"{self._project.pipeline}-dev"

    @property
    def _release_prefix(self) -> str:
        return f"{self._project.prefix}-{self._project.model_name}-"

    def _list(self, **request: Any) -> dict[str, Any]:
        try:
            return dict(
                self._sagemaker.list_endpoints(
                    SortBy="CreationTime", SortOrder="Descending", MaxResults=PAGE, **request
                )
            )
        except ClientError as error:
            raise ClientFailure(f"the endpoints: {error.response['Error']['Message']}") from error

    def _own(self, name: str, served: Mapping[str, float]) -> Endpoint | None:
        found = self._describe(name)
        if found is None:
            return None
        if name != self._dev and name not in served:
            tags = self._sagemaker.list_tags(ResourceArn=found.arn)["Tags"]
            given = {tag["Key"]: tag["Value"] for tag in tags}
            if given.get(TAG, self._project.pipeline) != self._project.pipeline:
                return None
        return self._placed(found, served)

    def _placed(self, found: Endpoint, served: Mapping[str, float]) -> Endpoint:
        traffic = served.get(found.name)
        stage: Stage = "other"
        if found.name == self._dev:
            stage = "dev"
        elif self.is_own(found.name):
            stage = "production" if traffic else "retained"
        return Endpoint(**{**vars(found), "stage": stage, "traffic": traffic})

    def _served(self) -> dict[str, float]:
        """The share of the API's traffic that each endpoint gets; empty where production was never deployed."""
        function = Stack(self._connection, self._project.deployed_stack("prd")).outputs().get("ApiFunctionName")
        if function is None:
            return {}
        lambdas = self._connection.client("lambda")
        try:
            alias = lambdas.get_alias(FunctionName=function, Name=ALIAS)
            others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            shares = {**others, alias["FunctionVersion"]: 1 - sum(others.values())}
            asked = {
                version: lambdas.get_function_configuration(FunctionName=function, Qualifier=version)
                for version in shares
            }
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return {}
            raise
        names = {version: one["Environment"]["Variables"].get("ENDPOINT_NAME", "") for version, one in asked.items()}
        return {names[version]: share for version, share in shares.items() if names[version]}

    def _describe(self, name: str) -> Endpoint | None:
        try:
            found = self._sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if GONE in error.response["Error"]["Message"]:
                return None
            raise ClientFailure(f"the endpoint {name}: {error.response['Error']['Message']}") from error
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

    def _model(self, variant: Mapping[str, Any], image: str) -> Model:
        name = variant["ModelName"]
        try:
            container = self._sagemaker.describe_model(ModelName=name).get("PrimaryContainer", {})
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


def shown_environment(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """By name; what may be a secret is there, but not its value."""
    return tuple(
        (name, "(not shown)" if is_secret(name) and value else value) for name, value in sorted(variables.items())
    )


def is_secret(name: str) -> bool:
    return any(word in name.upper() for word in SECRET_WORDS)


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
