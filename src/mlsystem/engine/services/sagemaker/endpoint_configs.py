"""Endpoint configurations: variants, their instances and weights, and what is captured.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.runtime.s3_files import split_uri
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.models import LISTED_BY, find_model
from mlsystem.engine.services.sagemaker.tags import Tags, write_tags
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateEndpointConfigInputTypeDef,
        DeleteEndpointConfigInputTypeDef,
        DescribeEndpointConfigInputTypeDef,
        ListEndpointConfigsInputTypeDef,
    )

# The volume and the time to download are kept and mean nothing where the disk is the machine's own.
VARIANT = frozenset(
    {"VariantName", "ModelName", "InitialInstanceCount", "InstanceType", "InitialVariantWeight", "VolumeSizeInGB"}
    | {"ModelDataDownloadTimeoutInSeconds", "ContainerStartupHealthCheckTimeoutInSeconds"}
)
# Bodies in objects are under the service's key, whatever key the volumes would have.
ACCEPTED = """EndpointConfigName ProductionVariants ShadowProductionVariants DataCaptureConfig Tags KmsKeyId
    ExecutionRoleArn"""


class EndpointConfig(Record):
    """`request` is what the caller gave to Create."""

    kind: ClassVar[str] = "sagemaker.endpoint_config"
    arn: str
    request: dict[str, Any]


class EndpointConfigs(Part):
    """Create, describe, list, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateEndpointConfig", accepts=ACCEPTED)
    def create(self, request: CreateEndpointConfigInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        name = request["EndpointConfigName"]
        arn = self._house.scope.arn("sagemaker", f"endpoint-config/{name.lower()}")
        if call.tx.get(EndpointConfig, name) is not None:
            raise AwsError("ValidationException", f'Cannot create already existing endpoint configuration "{arn}".')
        _check(given)
        for variant in (*request["ProductionVariants"], *request.get("ShadowProductionVariants", ())):
            find_model(call.tx, self._house, variant["ModelName"])
        tags = given.pop("Tags", ())
        call.tx.add(EndpointConfig(key=name, arn=arn, request=given))
        write_tags(call.tx, arn, tags)
        return {"EndpointConfigArn": arn}

    @operation("DescribeEndpointConfig", accepts="EndpointConfigName")
    def describe(self, request: DescribeEndpointConfigInputTypeDef, call: Call) -> Mapping[str, object]:
        config = find_config(call.tx, self._house, request["EndpointConfigName"])
        variants = [{"InitialVariantWeight": 1.0, **one} for one in config.request["ProductionVariants"]]
        shadows = [{"InitialVariantWeight": 1.0, **one} for one in config.request.get("ShadowProductionVariants", ())]
        return {
            **config.request,
            "ProductionVariants": variants,
            **({"ShadowProductionVariants": shadows} if shadows else {}),
            "EndpointConfigArn": config.arn,
            "CreationTime": when(config.created_at),
        }

    @operation("ListEndpointConfigs", accepts=LISTED_BY)
    def list(self, request: ListEndpointConfigsInputTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, EndpointConfig, request, "EndpointConfigs", _summary)

    @operation("DeleteEndpointConfig", accepts="EndpointConfigName")
    def delete(self, request: DeleteEndpointConfigInputTypeDef, call: Call) -> Mapping[str, object]:
        config = find_config(call.tx, self._house, request["EndpointConfigName"])
        call.tx.remove(EndpointConfig, config.key)
        call.tx.remove(Tags, config.arn)
        return {}


def find_config(tx: Transaction, house: House, name: str) -> EndpointConfig:
    """Raises AwsError(ValidationException), as SageMaker does."""
    config = tx.get(EndpointConfig, name)
    if config is None:
        arn = house.scope.arn("sagemaker", f"endpoint-config/{name.lower()}")
        raise AwsError("ValidationException", f'Could not find endpoint configuration "{arn}".')
    return config


def _summary(config: EndpointConfig) -> dict[str, object]:
    return {
        "EndpointConfigName": config.key,
        "EndpointConfigArn": config.arn,
        "CreationTime": when(config.created_at),
    }


def _check(request: Mapping[str, Any]) -> None:
    """Refuse by name what the request holds and the engine does not do."""
    shadows = request.get("ShadowProductionVariants", ())
    if shadows and (len(shadows), len(request["ProductionVariants"])) != (1, 1):
        raise AwsError("ValidationException", "A shadow variant may only be beside one production variant, and alone.")
    variants = (*request["ProductionVariants"], *shadows)
    for variant in variants:
        for member in sorted(set(variant) - VARIANT):
            raise NotImplementedHere(f"sagemaker:CreateEndpointConfig with ProductionVariants.{member}")
        for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
            if member not in variant:
                raise AwsError("ValidationException", f"The variant {variant['VariantName']} needs {member}.")
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise AwsError("ValidationException", "The names of the ProductionVariants must differ.")
    if not any(variant.get("InitialVariantWeight", 1.0) > 0 for variant in request["ProductionVariants"]):
        raise AwsError("ValidationException", "At least one variant needs an InitialVariantWeight above 0.")
    if "DataCaptureConfig" in request:
        split_uri(request["DataCaptureConfig"]["DestinationS3Uri"])
