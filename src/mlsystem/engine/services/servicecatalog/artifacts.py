"""Versions of products: the operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.servicecatalog.artifact_view import artifact_detail
from mlsystem.engine.services.servicecatalog.product import Artifact, find_product, read_artifact

if TYPE_CHECKING:
    from types_boto3_servicecatalog.type_defs import (
        CreateProvisioningArtifactInputTypeDef,
        DeleteProvisioningArtifactInputTypeDef,
        DescribeProvisioningArtifactInputTypeDef,
        ListProvisioningArtifactsInputTypeDef,
        UpdateProvisioningArtifactInputTypeDef,
    )


class Artifacts(Part):
    """Create, describe, list, update, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateProvisioningArtifact", accepts="AcceptLanguage ProductId Parameters IdempotencyToken")
    def create(self, request: CreateProvisioningArtifactInputTypeDef, call: Call) -> Mapping[str, object]:
        product, token = find_product(call.tx, request["ProductId"]), request["IdempotencyToken"]
        artifact = next((one for one in product.artifacts if one.token == token), None)
        if artifact is None:
            artifact = read_artifact(self._house, call, dict(request["Parameters"]), token)
            call.tx.put(product.changed(artifacts=(*product.artifacts, artifact)))
        return _answer(artifact)

    @operation(
        "DescribeProvisioningArtifact",
        accepts="AcceptLanguage ProductId ProductName ProvisioningArtifactId ProvisioningArtifactName",
    )
    def describe(self, request: DescribeProvisioningArtifactInputTypeDef, call: Call) -> Mapping[str, object]:
        product = find_product(call.tx, request.get("ProductId"), request.get("ProductName"))
        wanted = request.get("ProvisioningArtifactId") or request.get("ProvisioningArtifactName")
        return _answer(product.artifact(wanted))

    @operation("ListProvisioningArtifacts", accepts="AcceptLanguage ProductId")
    def list_all(self, request: ListProvisioningArtifactsInputTypeDef, call: Call) -> Mapping[str, object]:
        product = find_product(call.tx, request["ProductId"])
        return {"ProvisioningArtifactDetails": [artifact_detail(one) for one in product.artifacts]}

    @operation(
        "UpdateProvisioningArtifact",
        accepts="AcceptLanguage ProductId ProvisioningArtifactId Name Description Active Guidance",
    )
    def update(self, request: UpdateProvisioningArtifactInputTypeDef, call: Call) -> Mapping[str, object]:
        product = find_product(call.tx, request["ProductId"])
        before = product.artifact(request["ProvisioningArtifactId"])
        after = before.model_copy(
            update={
                "name": request.get("Name", before.name),
                "description": request.get("Description", before.description),
                "is_active": request.get("Active", before.is_active),
                "guidance": request.get("Guidance", before.guidance),
            }
        )
        artifacts = tuple(after if one.id == before.id else one for one in product.artifacts)
        call.tx.put(product.changed(artifacts=artifacts))
        return _answer(after)

    @operation("DeleteProvisioningArtifact", accepts="AcceptLanguage ProductId ProvisioningArtifactId")
    def delete(self, request: DeleteProvisioningArtifactInputTypeDef, call: Call) -> Mapping[str, object]:
        product = find_product(call.tx, request["ProductId"])
        gone = product.artifact(request["ProvisioningArtifactId"])
        kept = tuple(one for one in product.artifacts if one.id != gone.id)
        if not kept:
            raise AwsError("ResourceInUseException", f"{gone.id} is the only version of product {product.key}.")
        call.tx.put(product.changed(artifacts=kept))
        return {}


def _answer(artifact: Artifact) -> dict[str, object]:
    return {
        "ProvisioningArtifactDetail": artifact_detail(artifact),
        "Info": {"TemplateUrl": artifact.url},
        "Status": "AVAILABLE",
    }
