"""Endpoints: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.guardrail import Guardrail, read_guardrail
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.services.sagemaker.endpoint import (
    DEFAULT_STARTUP_SECONDS,
    Deployment,
    Endpoint,
    EndpointStatus,
    Variant,
)
from mlsystem.engine.services.sagemaker.endpoint_change import SETTLING
from mlsystem.engine.services.sagemaker.endpoint_configs import EndpointConfig, find_config
from mlsystem.engine.services.sagemaker.endpoint_description import describe_endpoint
from mlsystem.engine.services.sagemaker.endpoint_machine import EndpointMachine
from mlsystem.engine.services.sagemaker.listing import FILTERS, page, when
from mlsystem.engine.services.sagemaker.model_server import definition, digest_of
from mlsystem.engine.services.sagemaker.models import find_model
from mlsystem.engine.services.sagemaker.tags import write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateEndpointInputTypeDef,
        DeleteEndpointInputTypeDef,
        DescribeEndpointInputTypeDef,
        ListEndpointsInputTypeDef,
        UpdateEndpointInputTypeDef,
        UpdateEndpointWeightsAndCapacitiesInputTypeDef,
    )

UPDATE = """EndpointName EndpointConfigName RetainAllVariantProperties ExcludeRetainedVariantProperties DeploymentConfig
    RetainDeploymentConfig"""


class Endpoints(Part):
    """Create, describe, list, update, delete."""

    def __init__(self, house: House, machine: EndpointMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    @operation("CreateEndpoint", accepts="EndpointName EndpointConfigName Tags DeploymentConfig")
    def create(self, request: CreateEndpointInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["EndpointName"]
        arn = self._house.scope.arn("sagemaker", f"endpoint/{name.lower()}")
        if call.tx.get(Endpoint, name) is not None:
            raise AwsError("ValidationException", f'Cannot create already existing endpoint "{arn}".')
        config = find_config(call.tx, self._house, request["EndpointConfigName"])
        deployment = self._deployment(call.tx, config, 1)
        # There is nothing to shift yet: it is kept for updates that retain it.
        given: dict[str, Any] | None = dict(request["DeploymentConfig"]) if "DeploymentConfig" in request else None
        self._guardrail(given, deployment)
        added = call.tx.add(Endpoint(key=name, arn=arn, deployments=(deployment,), deployment_config=given))
        write_tags(call.tx, arn, request.get("Tags", ()))
        ids = self._ids(deployment.size)
        self._house.worker.commit_step(call.tx, added, self._machine.begin(added, ids, call.now))
        return {"EndpointArn": arn}

    @operation("DescribeEndpoint", accepts="EndpointName")
    def describe(self, request: DescribeEndpointInputTypeDef, call: Call) -> Mapping[str, object]:
        return describe_endpoint(self._find(call.tx, request["EndpointName"]))

    @operation("ListEndpoints", accepts=f"{FILTERS} StatusEquals")
    def list_all(self, request: ListEndpointsInputTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, Endpoint, request, "Endpoints", _summary)

    @operation("UpdateEndpoint", accepts=UPDATE)
    def update(self, request: UpdateEndpointInputTypeDef, call: Call) -> Mapping[str, object]:
        endpoint = self._in_service(call.tx, request["EndpointName"])
        config = find_config(call.tx, self._house, request["EndpointConfigName"])
        number = max(deployment.number for deployment in endpoint.deployments) + 1
        deployment = self._deployment(call.tx, config, number)
        if request.get("RetainAllVariantProperties", False):
            excluded: set[str] = {
                one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", ())
            }
            deployment = _retain(deployment, endpoint.shown, excluded)
        given: dict[str, Any] | None = dict(request["DeploymentConfig"]) if "DeploymentConfig" in request else None
        if request.get("RetainDeploymentConfig", False):
            given = endpoint.deployment_config
        guarded = deployment.model_copy(update={"guardrail": self._guardrail(given, deployment)})
        # The way back of a rolling update starts the old fleet's instances again.
        count = guarded.size + endpoint.shown.size
        self._send(call.tx, endpoint, "update_requested", guarded, count, {"deployment_config": given})
        return {"EndpointArn": endpoint.arn}

    @operation("UpdateEndpointWeightsAndCapacities", accepts="EndpointName DesiredWeightsAndCapacities")
    def update_capacities(
        self, request: UpdateEndpointWeightsAndCapacitiesInputTypeDef, call: Call
    ) -> Mapping[str, object]:
        endpoint = self._in_service(call.tx, request["EndpointName"])
        wanted = {one["VariantName"]: one for one in request["DesiredWeightsAndCapacities"]}
        known = {variant.name for variant in endpoint.shown.variants}
        for name, change in wanted.items():
            if name not in known:
                raise AwsError("ValidationException", f'Could not find variant "{name}" of "{endpoint.arn}".')
            if "ServerlessUpdateConfig" in change:
                raise NotImplementedHere("sagemaker:UpdateEndpointWeightsAndCapacities with ServerlessUpdateConfig")
        variants = tuple(_resized(variant, wanted.get(variant.name, {})) for variant in endpoint.shown.variants)
        if not any(variant.weight > 0 and not variant.is_shadow for variant in variants):
            raise AwsError("ValidationException", "At least one variant needs a DesiredWeight above 0.")
        deployment = endpoint.shown.model_copy(update={"variants": variants})
        self._send(call.tx, endpoint, "capacity_requested", deployment, deployment.size)
        return {"EndpointArn": endpoint.arn}

    @operation("DeleteEndpoint", accepts="EndpointName")
    def delete(self, request: DeleteEndpointInputTypeDef, call: Call) -> Mapping[str, object]:
        endpoint = self._find(call.tx, request["EndpointName"])
        if endpoint.state != EndpointStatus.DELETING:
            self._house.worker.send(call.tx, Endpoint, endpoint.key, Event("delete_requested"))
        return {}

    def _send(
        self,
        tx: Transaction,
        endpoint: Endpoint,
        name: str,
        deployment: Deployment,
        count: int,
        more: Mapping[str, object] | None = None,
    ) -> None:
        data = {"deployment": deployment.model_dump(mode="json"), "ids": self._ids(count), **(more or {})}
        self._house.worker.send(tx, Endpoint, endpoint.key, Event(name, data))

    def _ids(self, count: int) -> list[str]:
        return [f"i-{self._house.new_id(17)}" for _ in range(count)]

    def _find(self, tx: Transaction, name: str) -> Endpoint:
        endpoint = tx.get(Endpoint, name)
        if endpoint is None:
            arn = self._house.scope.arn("sagemaker", f"endpoint/{name.lower()}")
            raise AwsError("ValidationException", f'Could not find endpoint "{arn}".')
        return endpoint

    def _in_service(self, tx: Transaction, name: str) -> Endpoint:
        endpoint = self._find(tx, name)
        if endpoint.state in SETTLING:
            raise AwsError("ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".')
        if endpoint.state != EndpointStatus.IN_SERVICE:
            raise AwsError(
                "ValidationException", f'Cannot update endpoint "{endpoint.arn}": its status is {endpoint.state}.'
            )
        return endpoint

    def _deployment(self, tx: Transaction, config: EndpointConfig, number: int) -> Deployment:
        """A copy of the configuration and its models, each image pinned to the digest that its tag has now."""
        variants = []
        shadows = config.request.get("ShadowProductionVariants", ())
        for given in (*config.request["ProductionVariants"], *shadows):
            model = find_model(tx, self._house, given["ModelName"])
            variants.append(
                Variant(
                    name=given["VariantName"],
                    model_name=model.key,
                    model=definition(model, config.request.get("ExecutionRoleArn")),
                    digest=digest_of(self._house, model.container["Image"]),
                    instance_type=given["InstanceType"],
                    weight=given.get("InitialVariantWeight", 1.0),
                    count=given["InitialInstanceCount"],
                    is_shadow=given in shadows,
                    startup_seconds=given.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS),
                )
            )
        return Deployment(
            number=number,
            config_name=config.key,
            variants=tuple(variants),
            capture=config.request.get("DataCaptureConfig"),
            started_at=tx.now,
        )

    def _guardrail(self, config: Mapping[str, Any] | None, deployment: Deployment) -> Guardrail:
        """Raises AwsError(ValidationException) for a configuration that cannot be followed, naming what is wrong with it."""
        guardrail = read_guardrail(config or {}, deployment.counts)
        if guardrail.alarms:
            answer = self._house.call("cloudwatch", "DescribeAlarms", {"AlarmNames": list(guardrail.alarms)})
            known = {alarm["AlarmName"] for alarm in answer["MetricAlarms"]}
            for name in guardrail.alarms:
                if name not in known:
                    raise AwsError(
                        "ValidationException",
                        f"DeploymentConfig: AutoRollbackConfiguration.Alarms names {name}, but there is no such alarm.",
                    )
        return guardrail


def _summary(endpoint: Endpoint) -> dict[str, object]:
    return {
        "EndpointName": endpoint.key,
        "EndpointArn": endpoint.arn,
        "CreationTime": when(endpoint.created_at),
        "LastModifiedTime": when(endpoint.updated_at),
        "EndpointStatus": endpoint.state,
    }


def _resized(variant: Variant, wanted: Mapping[str, Any]) -> Variant:
    return variant.model_copy(
        update={
            "weight": wanted.get("DesiredWeight", variant.weight),
            "count": wanted.get("DesiredInstanceCount", variant.count),
        }
    )


def _retain(deployment: Deployment, before: Deployment, excluded: set[str]) -> Deployment:
    """The new deployment with the weights, counts and capture of the one before, as RetainAllVariantProperties says."""
    kept = {variant.name: variant for variant in before.variants}
    variants = []
    for variant in deployment.variants:
        old = kept.get(variant.name, variant)
        variants.append(
            variant.model_copy(
                update={
                    "weight": variant.weight if "DesiredWeight" in excluded else old.weight,
                    "count": variant.count if "DesiredInstanceCount" in excluded else old.count,
                }
            )
        )
    capture = deployment.capture if "DataCaptureConfig" in excluded else before.capture
    return deployment.model_copy(update={"variants": tuple(variants), "capture": capture})
