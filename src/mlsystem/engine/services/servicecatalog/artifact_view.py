"""How products and their versions are told."""

from __future__ import annotations

from mlsystem.engine.services.servicecatalog.listing import when
from mlsystem.engine.services.servicecatalog.product import TEMPLATE, Artifact, Product


def product_view(product: Product) -> dict[str, object]:
    renamed = {"Description": "ShortDescription"}
    shown = {renamed.get(name, name): value for name, value in product.view.items()}
    return {**shown, "Id": f"prodview-{product.key.partition('-')[2]}", "ProductId": product.key, "Type": TEMPLATE}


def artifact_detail(artifact: Artifact) -> dict[str, object]:
    return {**artifact_summary(artifact), "Type": TEMPLATE, "Active": artifact.is_active}


def artifact_summary(artifact: Artifact) -> dict[str, object]:
    return {
        "Id": artifact.id,
        "Name": artifact.name,
        "Description": artifact.description,
        "CreatedTime": when(artifact.created_at),
        "Guidance": artifact.guidance,
    }
