"""Job definitions of data and model quality: the operations.

A definition that a schedule names may be deleted, as AWS documents no refusal: executions that begin after that fail, and say so.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModelQualityJobDefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.models import LISTED_BY
from mlsystem.engine.services.sagemaker.monitoring_definition import (
    MODELS,
    DataQualityJobDefinition,
    JobDefinition,
    ModelQualityJobDefinition,
    MonitoringType,
    check_monitoring,
    definition_noun,
    monitoring_of,
)
from mlsystem.engine.services.sagemaker.monitoring_window import window
from mlsystem.engine.services.sagemaker.tags import Tags, write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateDataQualityJobDefinitionRequestTypeDef,
        CreateModelQualityJobDefinitionRequestTypeDef,
        DeleteDataQualityJobDefinitionRequestTypeDef,
        DeleteModelQualityJobDefinitionRequestTypeDef,
        DescribeDataQualityJobDefinitionRequestTypeDef,
        DescribeModelQualityJobDefinitionRequestTypeDef,
        ListDataQualityJobDefinitionsRequestTypeDef,
        ListModelQualityJobDefinitionsRequestTypeDef,
    )

BOTH = "JobDefinitionName JobResources NetworkConfig RoleArn StoppingCondition Tags"
OF_DATA = "DataQualityAppSpecification DataQualityBaselineConfig DataQualityJobInput DataQualityJobOutputConfig"
OF_MODEL = "ModelQualityAppSpecification ModelQualityBaselineConfig ModelQualityJobInput ModelQualityJobOutputConfig"


class DataQualityJobDefinitions(Part):
    """Create, describe, list, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateDataQualityJobDefinition", accepts=f"{BOTH} {OF_DATA}")
    def create(self, request: CreateDataQualityJobDefinitionRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _create(self._house, call, MonitoringType.DATA_QUALITY, dict(request))

    @operation("DescribeDataQualityJobDefinition", accepts="JobDefinitionName")
    def describe(self, request: DescribeDataQualityJobDefinitionRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _description(_find(call.tx, MonitoringType.DATA_QUALITY, request["JobDefinitionName"]))

    @operation("ListDataQualityJobDefinitions", accepts=f"{LISTED_BY} EndpointName")
    def list(self, request: ListDataQualityJobDefinitionsRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _page(call.tx, DataQualityJobDefinition, request)

    @operation("DeleteDataQualityJobDefinition", accepts="JobDefinitionName")
    def delete(self, request: DeleteDataQualityJobDefinitionRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _delete(call.tx, MonitoringType.DATA_QUALITY, request["JobDefinitionName"])


class ModelQualityJobDefinitions(Part):
    """Create, describe, list, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateModelQualityJobDefinition", accepts=f"{BOTH} {OF_MODEL}")
    def create(self, request: CreateModelQualityJobDefinitionRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _create(self._house, call, MonitoringType.MODEL_QUALITY, dict(request))

    @operation("DescribeModelQualityJobDefinition", accepts="JobDefinitionName")
    def describe(self, request: DescribeModelQualityJobDefinitionRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _description(_find(call.tx, MonitoringType.MODEL_QUALITY, request["JobDefinitionName"]))

    @operation("ListModelQualityJobDefinitions", accepts=f"{LISTED_BY} EndpointName")
    def list(self, request: ListModelQualityJobDefinitionsRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _page(call.tx, ModelQualityJobDefinition, request)

    @operation("DeleteModelQualityJobDefinition", accepts="JobDefinitionName")
    def delete(self, request: DeleteModelQualityJobDefinitionRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _delete(call.tx, MonitoringType.MODEL_QUALITY, request["JobDefinitionName"])


def _create(house: House, call: Call, kind: MonitoringType, request: dict[str, Any]) -> Mapping[str, object]:
    """Whether its endpoint and its baseline are there is asked when a schedule names it."""
    model, name = MODELS[kind], request["JobDefinitionName"]
    arn = house.scope.arn("sagemaker", f"{definition_noun(kind).replace(' ', '-')}/{name.lower()}")
    if call.tx.get(model, name) is not None:
        raise AwsError("ResourceInUse", f"The {definition_noun(kind)} {arn} exists already.")
    monitoring = monitoring_of(kind, request)
    check_monitoring(monitoring)
    window({}, call.now, monitoring.endpoint_input)
    tags = request.pop("Tags", ())
    call.tx.add(model(key=name, parent=monitoring.endpoint, arn=arn, request=request))
    write_tags(call.tx, arn, tags)
    return {"JobDefinitionArn": arn}


def _find(tx: Transaction, kind: MonitoringType, name: str) -> JobDefinition:
    definition = tx.get(MODELS[kind], name)
    if definition is None:
        raise AwsError("ResourceNotFound", f"The {definition_noun(kind)} {name} does not exist.")
    return definition


def _delete(tx: Transaction, kind: MonitoringType, name: str) -> Mapping[str, object]:
    definition = _find(tx, kind, name)
    tx.remove(type(definition), definition.key)
    tx.remove(Tags, definition.arn)
    return {}


def _page(tx: Transaction, model: type[JobDefinition], request: Mapping[str, Any]) -> Mapping[str, object]:
    endpoint = request.get("EndpointName")
    return page(tx, model, request, "JobDefinitionSummaries", _summary, lambda one: endpoint in (None, one.parent))


def _description(definition: JobDefinition) -> Mapping[str, object]:
    return {
        **definition.request,
        "JobDefinitionArn": definition.arn,
        "CreationTime": when(definition.created_at),
    }


def _summary(definition: JobDefinition) -> Mapping[str, object]:
    return {
        "MonitoringJobDefinitionName": definition.key,
        "MonitoringJobDefinitionArn": definition.arn,
        "CreationTime": when(definition.created_at),
        "EndpointName": definition.parent,
    }
