"""How provisioned products and their records are told."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.services.servicecatalog.listing import when
from mlsystem.engine.services.servicecatalog.provisioned_product import (
    Change,
    ChangeStatus,
    ChangeType,
    ProvisionedProduct,
)

TYPE = "CFN_STACK"


def record_detail(product: ProvisionedProduct, change: Change) -> dict[str, object]:
    errors = [{"Code": change.error.partition(":")[0], "Description": change.error}] if change.error else []
    role = {"LaunchRoleArn": product.launch_role} if product.launch_role else {}
    return {
        "RecordId": change.id,
        "ProvisionedProductName": product.parent,
        "Status": change.status,
        "CreatedTime": when(change.created_at),
        "UpdatedTime": when(change.updated_at),
        "ProvisionedProductType": TYPE,
        "RecordType": change.type,
        "ProvisionedProductId": product.key,
        "ProductId": change.product,
        "ProvisioningArtifactId": change.artifact,
        "PathId": product.path,
        "RecordErrors": errors,
        **role,
    }


def product_detail(product: ProvisionedProduct, scope: Scope) -> dict[str, Any]:
    launches = [one for one in product.changes if one.type is not ChangeType.TERMINATE]
    good = [one.id for one in launches if one.status is ChangeStatus.SUCCEEDED]
    role = {"LaunchRoleArn": product.launch_role} if product.launch_role else {}
    return {
        "Name": product.parent,
        "Arn": scope.arn("servicecatalog", f"stack/{product.parent}/{product.key}"),
        "Type": TYPE,
        "Id": product.key,
        "Status": product.state,
        "StatusMessage": product.message,
        "CreatedTime": when(product.created_at),
        "IdempotencyToken": product.changes[0].token,
        "LastRecordId": product.last.id,
        "LastProvisioningRecordId": launches[-1].id,
        **({"LastSuccessfulProvisioningRecordId": good[-1]} if good else {}),
        "ProductId": product.product,
        "ProvisioningArtifactId": product.artifact,
        **role,
    }
