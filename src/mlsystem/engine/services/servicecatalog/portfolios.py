"""Portfolios and what is associated with them: the operations.

https://docs.aws.amazon.com/servicecatalog/latest/dg/API_CreatePortfolio.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation, by_member
from mlsystem.engine.services.servicecatalog.constraint import Constraint
from mlsystem.engine.services.servicecatalog.listing import PAGES, retagged, tag_list, when
from mlsystem.engine.services.servicecatalog.portfolio import Portfolio, find_portfolio
from mlsystem.engine.services.servicecatalog.product import find_product

if TYPE_CHECKING:
    from types_boto3_servicecatalog.type_defs import (
        AssociatePrincipalWithPortfolioInputTypeDef,
        AssociateProductWithPortfolioInputTypeDef,
        CreatePortfolioInputTypeDef,
        DeletePortfolioInputTypeDef,
        DescribePortfolioInputTypeDef,
        DisassociatePrincipalFromPortfolioInputTypeDef,
        DisassociateProductFromPortfolioInputTypeDef,
        ListPortfoliosForProductInputTypeDef,
        ListPortfoliosInputTypeDef,
        ListPrincipalsForPortfolioInputTypeDef,
        UpdatePortfolioInputTypeDef,
    )


class Portfolios(Part):
    """Create, describe, list, update, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreatePortfolio", accepts="AcceptLanguage DisplayName Description ProviderName Tags IdempotencyToken")
    def create(self, request: CreatePortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        token = request["IdempotencyToken"]
        known = next((one for one in call.tx.all(Portfolio) if one.token == token), None)
        if known is not None:
            return self._answer(known)
        portfolio = Portfolio(
            key=f"port-{self._house.new_id(13)}",
            name=request["DisplayName"],
            provider=request["ProviderName"],
            description=request.get("Description", ""),
            token=token,
            tags=retagged({}, request.get("Tags", ())),
        )
        return self._answer(call.tx.add(portfolio))

    @operation("DescribePortfolio", accepts="AcceptLanguage Id")
    def describe(self, request: DescribePortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        return self._answer(find_portfolio(call.tx, request["Id"]))

    @operation("ListPortfolios", accepts="AcceptLanguage PageToken PageSize")
    def list_all(self, request: ListPortfoliosInputTypeDef, call: Call) -> Mapping[str, object]:
        return PAGES.page(call.tx.each(Portfolio), request, "PortfolioDetails", by_creation, self._detail)

    @operation("ListPortfoliosForProduct", accepts="AcceptLanguage ProductId PageToken PageSize")
    def list_for_product(self, request: ListPortfoliosForProductInputTypeDef, call: Call) -> Mapping[str, object]:
        product = find_product(call.tx, request["ProductId"])
        found = [one for one in call.tx.each(Portfolio) if product.key in one.products]
        return PAGES.page(found, request, "PortfolioDetails", by_creation, self._detail)

    @operation("UpdatePortfolio", accepts="AcceptLanguage Id DisplayName Description ProviderName AddTags RemoveTags")
    def update(self, request: UpdatePortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        portfolio = find_portfolio(call.tx, request["Id"])
        changed = portfolio.changed(
            name=request.get("DisplayName", portfolio.name),
            description=request.get("Description", portfolio.description),
            provider=request.get("ProviderName", portfolio.provider),
            tags=retagged(portfolio.tags, request.get("AddTags", ()), request.get("RemoveTags", ())),
        )
        return self._answer(call.tx.put(changed))

    @operation("DeletePortfolio", accepts="AcceptLanguage Id")
    def delete(self, request: DeletePortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        portfolio = find_portfolio(call.tx, request["Id"])
        if portfolio.products or portfolio.principals:
            held = "products" if portfolio.products else "principals"
            raise AwsError("ResourceInUseException", f"Portfolio {portfolio.key} has {held}: disassociate them first.")
        call.tx.remove(Portfolio, portfolio.key)
        return {}

    def _answer(self, portfolio: Portfolio) -> dict[str, object]:
        return {"PortfolioDetail": self._detail(portfolio), "Tags": tag_list(portfolio.tags)}

    def _detail(self, portfolio: Portfolio) -> dict[str, object]:
        return {
            "Id": portfolio.key,
            "ARN": self._house.scope.arn("catalog", f"portfolio/{portfolio.key}"),
            "DisplayName": portfolio.name,
            "Description": portfolio.description,
            "CreatedTime": when(portfolio.created_at),
            "ProviderName": portfolio.provider,
        }


class Associations(Part):
    """Products and principals of a portfolio."""

    @operation("AssociateProductWithPortfolio", accepts="AcceptLanguage ProductId PortfolioId")
    def add_product(self, request: AssociateProductWithPortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        portfolio = find_portfolio(call.tx, request["PortfolioId"])
        product = find_product(call.tx, request["ProductId"])
        call.tx.put(portfolio.changed(products=tuple(dict.fromkeys([*portfolio.products, product.key]))))
        return {}

    @operation("DisassociateProductFromPortfolio", accepts="AcceptLanguage ProductId PortfolioId")
    def remove_product(self, request: DisassociateProductFromPortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        portfolio = find_portfolio(call.tx, request["PortfolioId"])
        product = request["ProductId"]
        if product not in portfolio.products:
            raise AwsError("ResourceNotFoundException", f"Product {product} is not in portfolio {portfolio.key}.")
        if any(one.parent == product for one in call.tx.all(Constraint) if one.portfolio == portfolio.key):
            message = f"Product {product} has constraints in portfolio {portfolio.key}: delete them first."
            raise AwsError("ResourceInUseException", message)
        call.tx.put(portfolio.changed(products=tuple(one for one in portfolio.products if one != product)))
        return {}

    @operation("AssociatePrincipalWithPortfolio", accepts="AcceptLanguage PortfolioId PrincipalARN PrincipalType")
    def add_principal(self, request: AssociatePrincipalWithPortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        portfolio = find_portfolio(call.tx, request["PortfolioId"])
        principals = {**portfolio.principals, request["PrincipalARN"]: request["PrincipalType"]}
        call.tx.put(portfolio.changed(principals=principals))
        return {}

    @operation("DisassociatePrincipalFromPortfolio", accepts="AcceptLanguage PortfolioId PrincipalARN PrincipalType")
    def remove_principal(
        self, request: DisassociatePrincipalFromPortfolioInputTypeDef, call: Call
    ) -> Mapping[str, object]:
        portfolio = find_portfolio(call.tx, request["PortfolioId"])
        gone = request["PrincipalARN"]
        if gone not in portfolio.principals:
            raise AwsError("ResourceNotFoundException", f"{gone} is not associated with portfolio {portfolio.key}.")
        kept = {arn: kind for arn, kind in portfolio.principals.items() if arn != gone}
        call.tx.put(portfolio.changed(principals=kept))
        return {}

    @operation("ListPrincipalsForPortfolio", accepts="AcceptLanguage PortfolioId PageToken PageSize")
    def principals(self, request: ListPrincipalsForPortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        found = find_portfolio(call.tx, request["PortfolioId"]).principals
        shown = [{"PrincipalARN": arn, "PrincipalType": kind} for arn, kind in sorted(found.items())]
        return PAGES.page(shown, request, "Principals", by_member("PrincipalARN"))
