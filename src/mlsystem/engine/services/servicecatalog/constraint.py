"""A launch constraint: the role in which Service Catalog launches a product of a portfolio."""

from __future__ import annotations

import json
from typing import ClassVar

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record


class Constraint(Record):
    """`key` is its id, `parent` the product; `parameters` the text that it was made with."""

    kind: ClassVar[str] = "servicecatalog.constraint"
    portfolio: str
    parameters: str
    token: str
    description: str = ""


def role_of(scope: Scope, parameters: str) -> str:
    """The ARN of the launch role: `RoleArn`, or `LocalRoleName` in this account. Raises AwsError(InvalidParametersException)."""
    try:
        given = json.loads(parameters)
    except ValueError as error:
        raise AwsError("InvalidParametersException", f"Parameters: {error}") from error
    if isinstance(given, dict) and set(given) == {"RoleArn"}:
        return str(given["RoleArn"])
    if isinstance(given, dict) and set(given) == {"LocalRoleName"}:
        return scope.global_arn("iam", f"role/{given['LocalRoleName']}")
    raise AwsError("InvalidParametersException", "Parameters of a LAUNCH constraint: either RoleArn or LocalRoleName.")


def launch_role(tx: Transaction, scope: Scope, portfolio: str, product: str) -> str:
    """Empty where a product is launched with the rights of whoever launches it."""
    for constraint in tx.all(Constraint, parent=product):
        if constraint.portfolio == portfolio:
            return role_of(scope, constraint.parameters)
    return ""
