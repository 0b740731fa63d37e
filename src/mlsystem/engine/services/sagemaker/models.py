"""Models: an image, the artefacts that it loads, and the role that it runs as.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.runtime.s3_files import split_uri
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.model_package import find_package
from mlsystem.engine.services.sagemaker.tags import Tags, write_tags
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateModelInputTypeDef,
        DeleteModelInputTypeDef,
        DescribeModelInputTypeDef,
        ListModelsInputTypeDef,
    )

LISTED_BY = "SortBy SortOrder NextToken MaxResults NameContains CreationTimeBefore CreationTimeAfter"
RUN = frozenset({"Image", "ModelDataUrl", "ModelDataSource", "Environment", "ContainerHostname"})
CONTAINER = RUN | {"Mode", "ModelPackageName", "InferenceSpecificationName"}
S3_SOURCE = frozenset({"S3Uri", "S3DataType", "CompressionType"})


class Model(Record):
    """`request` is what the caller gave to Create, `packaged` the container of the model package that it names."""

    kind: ClassVar[str] = "sagemaker.model"
    arn: str
    request: dict[str, Any]
    packaged: dict[str, Any] = Field(default_factory=dict)

    @property
    def container(self) -> dict[str, Any]:
        """The one container, as it is run."""
        given = _container(self.request)
        environment = {**self.packaged.get("Environment", {}), **given.get("Environment", {})}
        return {**self.packaged, **given} | ({"Environment": environment} if environment else {})


class Models(Part):
    """Create, describe, list, delete."""

    def __init__(self, house: House):
        self._house = house

    # VpcConfig is kept and means nothing on one machine.
    @operation(
        "CreateModel",
        accepts="ModelName PrimaryContainer Containers ExecutionRoleArn Tags VpcConfig EnableNetworkIsolation",
    )
    def create(self, request: CreateModelInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        name = request["ModelName"]
        arn = self._arn(name)
        _check(given)
        if call.tx.get(Model, name) is not None:
            raise AwsError("ValidationException", f'Cannot create already existing model "{arn}".')
        tags = given.pop("Tags", ())
        call.tx.add(Model(key=name, arn=arn, request=given, packaged=self._packaged(_container(given), call.tx)))
        write_tags(call.tx, arn, tags)
        return {"ModelArn": arn}

    @operation("DescribeModel", accepts="ModelName")
    def describe(self, request: DescribeModelInputTypeDef, call: Call) -> Mapping[str, object]:
        model = find_model(call.tx, self._house, request["ModelName"])
        return {
            "EnableNetworkIsolation": False,
            **model.request,
            "CreationTime": when(model.created_at),
            "ModelArn": model.arn,
        }

    @operation("ListModels", accepts=LISTED_BY)
    def list(self, request: ListModelsInputTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, Model, request, "Models", _summary)

    @operation("DeleteModel", accepts="ModelName")
    def delete(self, request: DeleteModelInputTypeDef, call: Call) -> Mapping[str, object]:
        model = find_model(call.tx, self._house, request["ModelName"])
        call.tx.remove(Model, model.key)
        call.tx.remove(Tags, model.arn)
        return {}

    def _packaged(self, container: Mapping[str, Any], tx: Transaction) -> dict[str, Any]:
        """What the model package that a container names says of it: a later change of the package changes no model."""
        if "ModelPackageName" not in container:
            return {}
        package = find_package(tx, self._house.scope, container["ModelPackageName"])
        packaged = package.container(container.get("InferenceSpecificationName", ""))
        for member in sorted(set(packaged) - RUN):
            raise NotImplementedHere(f"sagemaker:CreateModel of a model package with {member}")
        _check_container(packaged)
        return packaged

    def _arn(self, name: str) -> str:
        return self._house.scope.arn("sagemaker", f"model/{name.lower()}")


def find_model(tx: Transaction, house: House, name: str) -> Model:
    """Raises AwsError(ValidationException), as SageMaker does."""
    model = tx.get(Model, name)
    if model is None:
        arn = house.scope.arn("sagemaker", f"model/{name.lower()}")
        raise AwsError("ValidationException", f'Could not find model "{arn}".')
    return model


def _summary(model: Model) -> dict[str, object]:
    return {"ModelName": model.key, "ModelArn": model.arn, "CreationTime": when(model.created_at)}


def _check(request: Mapping[str, Any]) -> None:
    """Refuse by name what the request holds and the engine does not do."""
    containers = [request["PrimaryContainer"]] if "PrimaryContainer" in request else request.get("Containers", [])
    if not containers or ("PrimaryContainer" in request and request.get("Containers")):
        raise AwsError("ValidationException", "A model has either a PrimaryContainer or Containers.")
    if len(containers) > 1:
        raise NotImplementedHere("sagemaker:CreateModel with several Containers", "an inference pipeline has one here")
    if "ExecutionRoleArn" not in request:
        raise AwsError("ValidationException", "ExecutionRoleArn is required for a model that is deployed.")
    container = containers[0]
    for member in sorted(set(container) - CONTAINER):
        raise NotImplementedHere(f"sagemaker:CreateModel with PrimaryContainer.{member}")
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise NotImplementedHere("sagemaker:CreateModel with Mode MultiModel")
    if "ModelPackageName" not in container:
        _check_container(container)
    elif twice := sorted(container.keys() & (RUN - {"Environment", "ContainerHostname"})):
        raise AwsError("ValidationException", f"The model package says what {', '.join(twice)} is: leave it out.")


def _check_container(container: Mapping[str, Any]) -> None:
    if "Image" not in container:
        raise AwsError("ValidationException", "The container of a model needs an Image.")
    if "ModelDataUrl" in container and "ModelDataSource" in container:
        raise AwsError("ValidationException", "A container has either ModelDataUrl or ModelDataSource.")
    model_source(container)


def _container(request: Mapping[str, Any]) -> dict[str, Any]:
    """The one that a request gives."""
    return dict(request.get("PrimaryContainer") or request["Containers"][0])


def model_source(container: Mapping[str, Any]) -> tuple[str, bool] | None:
    """Where a container's model is, and whether it is a `tar.gz`; None where it has none. Raises AwsError."""
    if "ModelDataUrl" in container:
        split_uri(container["ModelDataUrl"])
        return str(container["ModelDataUrl"]), True
    if "ModelDataSource" not in container:
        return None
    source = container["ModelDataSource"].get("S3DataSource", {})
    for member in sorted(set(source) - S3_SOURCE):
        raise NotImplementedHere(f"sagemaker:CreateModel with ModelDataSource.S3DataSource.{member}")
    kind = (source.get("S3DataType"), source.get("CompressionType"))
    if kind not in (("S3Object", "Gzip"), ("S3Prefix", "None")):
        raise NotImplementedHere(
            f"sagemaker:CreateModel with a model as {kind[0]} and {kind[1]}", "S3Object/Gzip and S3Prefix/None are"
        )
    split_uri(source["S3Uri"])
    return str(source["S3Uri"]), kind[1] == "Gzip"
