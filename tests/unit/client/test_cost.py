"""The cost of a system follows from its settings and templates, and from prices that say of which day they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mlsystem.client.cost import prices
from mlsystem.client.cost.estimate import Estimate, Line, Usage, machines, runs_a_day, total
from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import Project, create, load
from tests.command_line import run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    create(tmp_path / "mine")
    return load(tmp_path / "mine")


def lines(project: Project, usage: Usage | None = None) -> dict[str, Line]:
    table = prices.read(project.folder)
    return {line.resource: line for line in Estimate(project, table, usage or Usage()).lines()}


def changed(project: Project, before: str, after: str) -> Project:
    path = project.folder / "mlsystem.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    return load(project.folder)


def test_endpoints_cost_by_the_hour_and_machine(project: Project) -> None:
    found = lines(project)
    hourly = prices.read(project.folder).usd("Host:ml.m5.large")
    assert found["prd endpoint"].day == pytest.approx(2 * 24 * hourly)
    assert found["retained versions"].day == pytest.approx(2 * 24 * hourly)
    none = lines(changed(project, "retained_versions: 1", "retained_versions: 0"))
    assert "retained versions" not in none
    more = lines(changed(project, "min_instances: 2", "min_instances: 5"))
    assert more["prd endpoint"].day == pytest.approx(5 * 24 * hourly)


def test_what_the_user_knows_of_use_is_what_counts(project: Project) -> None:
    short, long = lines(project, Usage(job_minutes=1)), lines(project, Usage(job_minutes=60))
    assert long["train job"].run == pytest.approx(60 * short["train job"].run)
    assert long["monitoring"].day == pytest.approx(60 * short["monitoring"].day)
    assert long["prd endpoint"] == short["prd endpoint"]
    slow = lines(project, Usage(milliseconds=1000))
    assert slow["API function"].requests > lines(project)["API function"].requests
    assert slow["REST API"] == lines(project)["REST API"]


def test_the_sum_is_that_of_the_lines(project: Project) -> None:
    found = list(lines(project).values())
    assert total(found).day == pytest.approx(sum(line.day for line in found))
    assert total(found).run > total(found).requests > 0


@pytest.mark.parametrize(
    ("schedule", "count"), [("cron(0 * ? * * *)", 24), ("cron(0 0 ? * * *)", 1), ("cron(0 0/6 ? * * *)", 4)]
)
def test_a_schedule_is_counted(schedule: str, count: int) -> None:
    assert runs_a_day(schedule) == count


def test_a_machine_without_a_price_is_told_with_what_to_do(project: Project) -> None:
    with pytest.raises(ClientFailure, match=r"has no Host:ml.x9.huge: .*--refresh"):
        lines(changed(project, "dev: {type: ml.t2.medium", "dev: {type: ml.x9.huge"))


def product(usage: str, usd: float) -> str:
    """In the shape of AWS's price list."""
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{usd:.10f}"}}
    terms = {"OnDemand": {"T": {"priceDimensions": {"D": dimension}}}}
    return json.dumps({"product": {"attributes": {"usagetype": usage}}, "terms": terms})


class PriceList:
    """AWS's price list of a region, with a few of its products; the real one needs an account."""

    def __init__(self, *products: str):
        self._products = products
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> PriceList:
        assert operation == "get_products"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(request)
        yield {"PriceList": list(self._products)}


def test_a_refresh_takes_what_the_list_has_and_tells_what_it_has_not(project: Project) -> None:
    old = prices.read(project.folder)
    told: list[str] = []
    listed = PriceList(
        product("EUW1-Host:ml.m5.large", 0.128),
        product("EUW1-Host:ml.x9.huge", 9.0),
        product("EUW1-NatGateway-Hours", 0),
    )
    wanted = [*machines(project.settings), "Host:ml.x9.huge"]
    new = prices.refreshed(old, listed, "eu-west-1", wanted, date(2026, 1, 2), told.append)
    assert (new.date, new.region) == ("2026-01-02", "eu-west-1")
    assert (new.usd("Host:ml.m5.large"), new.usd("Host:ml.x9.huge")) == (0.128, 9.0)
    assert new.usd("NatGateway") == old.usd("NatGateway"), "a price of nothing is a free tier's"
    assert any("no NatGateway" in line for line in told)
    assert all(
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"} in item["Filters"] for item in listed.asked
    )
    (project.folder / prices.FILE).write_text(new.text())
    assert prices.read(project.folder) == new


def test_the_command_prints_the_same_for_people_and_machines(project: Project, tmp_path: Path) -> None:
    asked = ("--project", str(project.folder))
    told = json.loads(run(*asked, "--json", "cost", home=tmp_path).stdout)
    assert {line["resource"] for line in told["lines"]} == set(lines(project))
    shown = run(*asked, "cost", home=tmp_path)
    assert f"${told['total']['day']:,.4f}" in shown.stdout
    assert f"noted on {told['date']}" in shown.stderr
