"""Launch constraints: the operations. https://docs.aws.amazon.com/servicecatalog/latest/dg/API_CreateConstraint.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.services.servicecatalog.constraint import Constraint, role_of
from mlsystem.engine.services.servicecatalog.listing import PAGES
from mlsystem.engine.services.servicecatalog.portfolio import find_portfolio
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_servicecatalog.type_defs import (
        CreateConstraintInputTypeDef,
        DeleteConstraintInputTypeDef,
        DescribeConstraintInputTypeDef,
        ListConstraintsForPortfolioInputTypeDef,
        UpdateConstraintInputTypeDef,
    )


class Constraints(Part):
    """Create, describe, list, update, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation(
        "CreateConstraint", accepts="AcceptLanguage PortfolioId ProductId Parameters Type Description IdempotencyToken"
    )
    def create(self, request: CreateConstraintInputTypeDef, call: Call) -> Mapping[str, object]:
        if request["Type"] != "LAUNCH":
            raise NotImplementedHere(f"a constraint of type {request['Type']}", "LAUNCH is")
        role_of(self._house.scope, request["Parameters"])
        product, portfolio = request["ProductId"], find_portfolio(call.tx, request["PortfolioId"])
        if product not in portfolio.products:
            raise AwsError("ResourceNotFoundException", f"Product {product} is not in portfolio {portfolio.key}.")
        for known in call.tx.all(Constraint, parent=product):
            if known.token == request["IdempotencyToken"]:
                return self._answer(known)
            if known.portfolio == portfolio.key:
                message = f"Product {product} has the launch constraint {known.key} in portfolio {portfolio.key}."
                raise AwsError("DuplicateResourceException", message)
        constraint = Constraint(
            key=f"cons-{self._house.new_id(13)}",
            parent=product,
            portfolio=portfolio.key,
            parameters=request["Parameters"],
            token=request["IdempotencyToken"],
            description=request.get("Description", ""),
        )
        return self._answer(call.tx.add(constraint))

    @operation("DescribeConstraint", accepts="AcceptLanguage Id")
    def describe(self, request: DescribeConstraintInputTypeDef, call: Call) -> Mapping[str, object]:
        return self._answer(_find(call.tx, request["Id"]))

    @operation("ListConstraintsForPortfolio", accepts="AcceptLanguage PortfolioId ProductId PageToken PageSize")
    def list_all(self, request: ListConstraintsForPortfolioInputTypeDef, call: Call) -> Mapping[str, object]:
        portfolio = find_portfolio(call.tx, request["PortfolioId"])
        found = [
            one
            for one in call.tx.all(Constraint)
            if one.portfolio == portfolio.key and one.parent == request.get("ProductId", one.parent)
        ]
        return PAGES.page(found, request, "ConstraintDetails", by_creation, self._detail)

    @operation("UpdateConstraint", accepts="AcceptLanguage Id Description Parameters")
    def update(self, request: UpdateConstraintInputTypeDef, call: Call) -> Mapping[str, object]:
        before = _find(call.tx, request["Id"])
        parameters = request.get("Parameters", before.parameters)
        role_of(self._house.scope, parameters)
        description = request.get("Description", before.description)
        return self._answer(call.tx.put(before.changed(parameters=parameters, description=description)))

    @operation("DeleteConstraint", accepts="AcceptLanguage Id")
    def delete(self, request: DeleteConstraintInputTypeDef, call: Call) -> Mapping[str, object]:
        call.tx.remove(Constraint, _find(call.tx, request["Id"]).key)
        return {}

    def _answer(self, constraint: Constraint) -> dict[str, object]:
        return {
            "ConstraintDetail": self._detail(constraint),
            "ConstraintParameters": constraint.parameters,
            "Status": "AVAILABLE",
        }

    def _detail(self, constraint: Constraint) -> dict[str, object]:
        return {
            "ConstraintId": constraint.key,
            "Type": "LAUNCH",
            "Description": constraint.description,
            "Owner": self._house.scope.account,
            "ProductId": constraint.parent,
            "PortfolioId": constraint.portfolio,
        }


def _find(tx: Transaction, key: str) -> Constraint:
    constraint = tx.get(Constraint, key)
    if constraint is None:
        raise AwsError("ResourceNotFoundException", f"Constraint {key} not found.")
    return constraint
