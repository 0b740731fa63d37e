"""What a user of the catalogue sees: products that may be launched, by which path, with which parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Mark, by_creation, by_member
from mlsystem.engine.services.servicecatalog.artifact_view import artifact_summary, product_view
from mlsystem.engine.services.servicecatalog.constraint import launch_role
from mlsystem.engine.services.servicecatalog.listing import PAGES, tag_list
from mlsystem.engine.services.servicecatalog.portfolio import Portfolio, paths_to
from mlsystem.engine.services.servicecatalog.product import Product, find_product

if TYPE_CHECKING:
    from types_boto3_servicecatalog.type_defs import (
        DescribeProductInputTypeDef,
        DescribeProvisioningParametersInputTypeDef,
        ListLaunchPathsInputTypeDef,
        SearchProductsInputTypeDef,
    )

# A filter of SearchProducts, and the member that it looks at; FullTextSearch looks at all of them.
FILTERS = {"Owner": "Owner", "ProductType": "Type"}


class Shelf(Part):
    """Search, describe, paths, parameters: of the portfolios that are associated with the caller."""

    def __init__(self, house: House):
        self._house = house

    @operation("SearchProducts", accepts="AcceptLanguage Filters SortBy SortOrder PageToken PageSize")
    def search(self, request: SearchProductsInputTypeDef, call: Call) -> Mapping[str, object]:
        wanted: Any = request.get("Filters", {})
        unknown = sorted(set(wanted) - {*FILTERS, "FullTextSearch"})
        if unknown:
            raise AwsError("InvalidParametersException", f"There is no filter {unknown[0]}.")
        found = [
            product
            for product in call.tx.all(Product)
            if paths_to(call.tx, product.key, call.principal) and _is_wanted(product, wanted)
        ]
        mark: Callable[[Product], Mark] = (
            by_creation if request.get("SortBy", "CreationDate") == "CreationDate" else _by_name
        )
        is_descending = request.get("SortOrder") == "DESCENDING"
        found.sort(key=mark, reverse=is_descending)
        paged = PAGES.page(found, request, "ProductViewSummaries", mark, product_view, descending=is_descending)
        return {**paged, "ProductViewAggregations": {}}

    @operation("DescribeProduct", accepts="AcceptLanguage Id Name")
    def describe(self, request: DescribeProductInputTypeDef, call: Call) -> Mapping[str, object]:
        product, paths = self._visible(call, request.get("Id"), request.get("Name"))
        return {
            "ProductViewSummary": {**product_view(product), "HasDefaultPath": len(paths) == 1},
            "ProvisioningArtifacts": [artifact_summary(one) for one in product.artifacts if one.is_active],
            "LaunchPaths": [{"Id": one.path_id, "Name": one.name} for one in paths],
        }

    @operation("ListLaunchPaths", accepts="AcceptLanguage ProductId PageToken PageSize")
    def paths(self, request: ListLaunchPathsInputTypeDef, call: Call) -> Mapping[str, object]:
        product, paths = self._visible(call, request["ProductId"], None)
        found = [
            {
                "Id": one.path_id,
                "Name": one.name,
                "Tags": tag_list({**one.tags, **product.tags}),
                "ConstraintSummaries": self._constraints(call, one, product),
            }
            for one in paths
        ]
        found.sort(key=by_member("Id"))
        return PAGES.page(found, request, "LaunchPathSummaries", by_member("Id"))

    @operation(
        "DescribeProvisioningParameters",
        accepts="AcceptLanguage ProductId ProductName ProvisioningArtifactId ProvisioningArtifactName PathId PathName",
    )
    def parameters(self, request: DescribeProvisioningParametersInputTypeDef, call: Call) -> Mapping[str, object]:
        product, paths = self._visible(call, request.get("ProductId"), request.get("ProductName"))
        artifact = product.artifact(request.get("ProvisioningArtifactId") or request.get("ProvisioningArtifactName"))
        known = self._house.call("cloudformation", "GetTemplateSummary", {"TemplateBody": artifact.template})
        told = [
            {
                "ParameterKey": item["ParameterKey"],
                "ParameterType": item["ParameterType"],
                "IsNoEcho": item["NoEcho"],
                "Description": item["Description"],
                "ParameterConstraints": item["ParameterConstraints"],
                **({"DefaultValue": item["DefaultValue"]} if "DefaultValue" in item else {}),
            }
            for item in known["Parameters"]
        ]
        constraints = self._constraints(call, paths[0], product)
        return {"ProvisioningArtifactParameters": told, "ConstraintSummaries": constraints}

    def _visible(self, call: Call, key: str | None, name: str | None) -> tuple[Product, list[Portfolio]]:
        """Raises AwsError(ResourceNotFoundException) too for a product that the caller may not launch."""
        product = find_product(call.tx, key, name)
        paths = paths_to(call.tx, product.key, call.principal)
        if not paths:
            message = f"Product {product.key} not found: no portfolio with it is associated with {call.principal.arn}."
            raise AwsError("ResourceNotFoundException", message)
        return product, paths

    def _constraints(self, call: Call, portfolio: Portfolio, product: Product) -> list[dict[str, str]]:
        role = launch_role(call.tx, self._house.scope, portfolio.key, product.key)
        return [{"Type": "LAUNCH", "Description": f"Launch as {role}"}] if role else []


def _is_wanted(product: Product, filters: Mapping[str, Any]) -> bool:
    view = product_view(product)
    texts = [str(value).lower() for value in view.values()]
    words = [str(word).lower() for word in filters.get("FullTextSearch", ())]
    named = (view.get(member) in filters[name] for name, member in FILTERS.items() if name in filters)
    return all(any(word in text for text in texts) for word in words) and all(named)


def _by_name(product: Product) -> Mark:
    return (str(product_view(product)["Name"]), product.key)
