"""A portfolio: which products it offers to whom."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.wildcards import starred
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record


class Portfolio(Record):
    """`key` is its id; `principals` are ARNs and how each is meant: IAM, or IAM_PATTERN with `*` and `?`."""

    kind: ClassVar[str] = "servicecatalog.portfolio"
    name: str
    provider: str
    description: str = ""
    token: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    products: tuple[str, ...] = ()
    principals: dict[str, str] = Field(default_factory=dict)

    @property
    def path_id(self) -> str:
        """What Service Catalog calls the way to a product through this portfolio."""
        return f"lpv2-{self.key.partition('-')[2]}"

    def admits(self, principal: Principal) -> bool:
        """Whether the caller may launch what is in it. The account itself, the engine's only user, always may."""
        if principal.role_name is None:
            return principal.arn.endswith(":root")
        return any(_is_role(arn, kind, principal.role_name) for arn, kind in self.principals.items())


def _is_role(arn: str, kind: str, role: str) -> bool:
    """A session knows its role's name, not its path, and names are unique within an account."""
    resource = arn.rpartition(":")[2]
    if not resource.startswith("role/"):
        return False
    name = resource.rpartition("/")[2]
    if kind != "IAM_PATTERN":
        return name == role
    return re.fullmatch(starred(name).replace(r"\?", "."), role, re.DOTALL) is not None


def find_portfolio(tx: Transaction, key: str) -> Portfolio:
    portfolio = tx.get(Portfolio, key)
    if portfolio is None:
        raise AwsError("ResourceNotFoundException", f"Portfolio {key} not found.")
    return portfolio


def paths_to(tx: Transaction, product: str, principal: Principal) -> list[Portfolio]:
    """The portfolios through which the caller may launch the product, oldest first."""
    return [one for one in tx.all(Portfolio) if product in one.products and one.admits(principal)]
