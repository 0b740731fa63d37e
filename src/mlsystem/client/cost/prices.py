"""A dated table of AWS's list prices, and how it is made anew from AWS's own.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from mlsystem.client.errors import ClientFailure

OWN = Path(__file__).with_name("prices.json")
FILE = "prices.json"
HOURS_A_MONTH = 730.0
# The dashboards' price is asked by the hour.
HOURLY = "UsageHour"


@dataclass(frozen=True)
class Price:
    """`usd` for one `unit`. `service`, `family` and the end of the usage type say where AWS's list has it."""

    usd: float
    unit: str
    service: str
    usage: str
    family: str = ""


@dataclass(frozen=True)
class PriceTable:
    """Of one region, on one day."""

    date: str
    region: str
    prices: Mapping[str, Price]

    def usd(self, name: str) -> float:
        """Raises ClientFailure for what it does not have."""
        if name not in self.prices:
            raise ClientFailure(
                f"the price table of {self.date} has no {name}: add it to {FILE} in the project, which `mlsystem cost"
                " --refresh` writes"
            )
        return self.prices[name].usd

    def text(self) -> str:
        prices = {
            name: {key: value for key, value in vars(item).items() if value} for name, item in self.prices.items()
        }
        return json.dumps({"date": self.date, "region": self.region, "prices": prices}, indent=1) + "\n"


def read(project: Path) -> PriceTable:
    """The project's own table if it has one, else the one that comes with this program. Raises ClientFailure."""
    own = project / FILE
    path = own if own.exists() else OWN
    try:
        content = json.loads(path.read_text())
        prices = {name: Price(**item) for name, item in content["prices"].items()}
        return PriceTable(content["date"], content["region"], prices)
    except (ValueError, KeyError, TypeError) as error:
        raise ClientFailure(f"{path} is no price table: {error}") from error


def refreshed(
    table: PriceTable, pricing: Any, region: str, wanted: Iterable[str], today: date, tell: Callable[[str], None]
) -> PriceTable:
    """The table with AWS's prices of the region; `wanted` are names that it may lack. What is not found keeps its price, and is told.

    `pricing` is a client of AWS's price list.
    """
    known = {**table.prices, **{name: _machine(name) for name in wanted if name not in table.prices}}
    lists: dict[tuple[str, str], list[dict[str, Any]]] = {}
    prices = {}
    for name, price in known.items():
        place = (price.service, price.family)
        if place not in lists:
            lists[place] = list(_products(pricing, region, *place))
        usd = next((found for item in lists[place] if (found := _usd(item, price)) is not None), None)
        if usd is None:
            tell(f"AWS's list of {region} has no {name}: {price.usd:g} stays")
        prices[name] = price if usd is None else replace(price, usd=usd)
    return PriceTable(today.isoformat(), region, prices)


def _machine(name: str) -> Price:
    return Price(0.0, "hour", "AmazonSageMaker", name)


def _products(pricing: Any, region: str, service: str, family: str) -> Iterable[dict[str, Any]]:
    wanted = {"regionCode": region, **({"productFamily": family} if family else {})}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    pages = pricing.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters)
    return (json.loads(text) for page in pages for text in page["PriceList"])


def _usd(product: Mapping[str, Any], price: Price) -> float | None:
    """The first price above nothing that the product has on demand, for this table's unit."""
    usage = str(product["product"]["attributes"].get("usagetype", ""))
    if usage != price.usage and not usage.endswith(f"-{price.usage}"):
        return None
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            usd = float(dimension["pricePerUnit"].get("USD", 0))
            if usd > 0:
                return usd * HOURS_A_MONTH if usage.endswith(HOURLY) and price.unit == "month" else usd
    return None
