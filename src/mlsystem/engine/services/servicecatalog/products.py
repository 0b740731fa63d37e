"""Products: the operations of who offers them. https://docs.aws.amazon.com/servicecatalog/latest/dg/API_CreateProduct.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.services.servicecatalog.artifact_view import artifact_detail, product_view
from mlsystem.engine.services.servicecatalog.listing import PAGES, retagged, tag_list, when
from mlsystem.engine.services.servicecatalog.portfolio import Portfolio, find_portfolio
from mlsystem.engine.services.servicecatalog.product import TEMPLATE, Product, find_product, read_artifact

if TYPE_CHECKING:
    from types_boto3_servicecatalog.type_defs import (
        CreateProductInputTypeDef,
        DeleteProductInputTypeDef,
        DescribeProductAsAdminInputTypeDef,
        SearchProductsAsAdminInputTypeDef,
        UpdateProductInputTypeDef,
    )

VIEW = "Name Owner Description Distributor SupportDescription SupportEmail SupportUrl"


class Products(Part):
    """Create, describe, search, update, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation(
        "CreateProduct",
        accepts=f"AcceptLanguage {VIEW} ProductType Tags ProvisioningArtifactParameters IdempotencyToken",
    )
    def create(self, request: CreateProductInputTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        if given["ProductType"] != TEMPLATE:
            raise NotImplementedHere(f"a product of type {given['ProductType']}", f"{TEMPLATE} is")
        token = given["IdempotencyToken"]
        product = next((one for one in call.tx.all(Product) if one.token == token), None)
        if product is None:
            if "ProvisioningArtifactParameters" not in given:
                raise AwsError(
                    "InvalidParametersException", "ProvisioningArtifactParameters: a product needs a version."
                )
            artifact = read_artifact(self._house, call, given["ProvisioningArtifactParameters"], token)
            product = call.tx.add(
                Product(
                    key=f"prod-{self._house.new_id(13)}",
                    view={name: given[name] for name in VIEW.split() if name in given},
                    token=token,
                    tags=retagged({}, given.get("Tags", ())),
                    artifacts=(artifact,),
                )
            )
        first = next(one for one in product.artifacts if one.token == token)
        return {**self._answer(product), "ProvisioningArtifactDetail": artifact_detail(first)}

    @operation("DescribeProductAsAdmin", accepts="AcceptLanguage Id Name")
    def describe(self, request: DescribeProductAsAdminInputTypeDef, call: Call) -> Mapping[str, object]:
        product = find_product(call.tx, request.get("Id"), request.get("Name"))
        summaries = [
            {
                "Id": one.id,
                "Name": one.name,
                "Description": one.description,
                "CreatedTime": when(one.created_at),
                "ProvisioningArtifactMetadata": {"LoadTemplateFromURL": one.url},
            }
            for one in product.artifacts
        ]
        return {**self._answer(product), "ProvisioningArtifactSummaries": summaries}

    @operation("SearchProductsAsAdmin", accepts="AcceptLanguage PortfolioId PageToken PageSize")
    def search(self, request: SearchProductsAsAdminInputTypeDef, call: Call) -> Mapping[str, object]:
        found = call.tx.all(Product)
        if "PortfolioId" in request:
            offered = find_portfolio(call.tx, request["PortfolioId"]).products
            found = [product for product in found if product.key in offered]
        return PAGES.page(found, request, "ProductViewDetails", by_creation, self._detail)

    @operation("UpdateProduct", accepts=f"AcceptLanguage Id {VIEW} AddTags RemoveTags")
    def update(self, request: UpdateProductInputTypeDef, call: Call) -> Mapping[str, object]:
        product = find_product(call.tx, request["Id"])
        given: dict[str, Any] = dict(request)
        changed = product.changed(
            view={**product.view, **{name: given[name] for name in VIEW.split() if name in given}},
            tags=retagged(product.tags, given.get("AddTags", ()), given.get("RemoveTags", ())),
        )
        return self._answer(call.tx.put(changed))

    @operation("DeleteProduct", accepts="AcceptLanguage Id")
    def delete(self, request: DeleteProductInputTypeDef, call: Call) -> Mapping[str, object]:
        """What was launched of it stays."""
        product = find_product(call.tx, request["Id"])
        for portfolio in call.tx.all(Portfolio):
            if product.key in portfolio.products:
                message = f"Product {product.key} is in portfolio {portfolio.key}: disassociate it first."
                raise AwsError("ResourceInUseException", message)
        call.tx.remove(Product, product.key)
        return {}

    def _answer(self, product: Product) -> dict[str, object]:
        return {"ProductViewDetail": self._detail(product), "Tags": tag_list(product.tags)}

    def _detail(self, product: Product) -> dict[str, object]:
        return {
            "ProductViewSummary": product_view(product),
            "Status": "AVAILABLE",
            "ProductARN": self._house.scope.arn("catalog", f"product/{product.key}"),
            "CreatedTime": when(product.created_at),
        }
