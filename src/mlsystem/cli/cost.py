"""cost: what the system would take on AWS."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from rich.table import Table

from mlsystem.cli.state import State
from mlsystem.client.cost import prices
from mlsystem.client.cost.estimate import Estimate, Line, Usage, machines, total

# Where AWS's price list is served from.
PRICING_REGION = "us-east-1"


def register(app: typer.Typer) -> None:
    app.command()(cost)


def cost(
    context: typer.Context,
    job_minutes: Annotated[float, typer.Option(min=0.0, help="how long a job takes")] = 10.0,
    milliseconds: Annotated[float, typer.Option(min=0.0, help="how long a request takes")] = 50.0,
    gigabytes: Annotated[float, typer.Option(min=0.0, help="stored in S3, on the volume, and as images, each")] = 10.0,
    refresh: Annotated[bool, typer.Option("--refresh", help="ask AWS for today's prices (needs credentials)")] = False,
    region: Annotated[str, typer.Option(help="whose prices --refresh asks for")] = "us-east-1",
) -> None:
    """Say what the system costs on AWS: a day, 1,000 requests, a run of the pipeline. In US dollars, before tax and free tiers."""
    state: State = context.obj
    project = state.project()
    table = prices.read(project.folder)
    if refresh:
        import boto3

        client = boto3.client("pricing", region_name=PRICING_REGION)
        wanted = machines(project.settings)
        table = prices.refreshed(table, client, region, wanted, date.today(), state.tell)
        (project.folder / prices.FILE).write_text(table.text())
    lines = Estimate(project, table, Usage(job_minutes, milliseconds, gigabytes)).lines()
    state.tell(f"List prices of {table.region}, noted on {table.date}; --refresh asks AWS for today's.")
    if state.as_json:
        sums = asdict(total(lines))
        state.answer({"date": table.date, "region": table.region, "lines": list(map(asdict, lines)), "total": sums})
    else:
        state.show(_picture([*lines, total(lines)]), ())


def _picture(lines: list[Line]) -> Table:
    table = Table(expand=False)
    table.add_column("resource")
    table.add_column("of")
    for name in ("a day", "1,000 requests", "a run"):
        table.add_column(name, justify="right")
    for line in lines:
        if line is lines[-1]:
            table.add_section()
        table.add_row(line.resource, line.basis, *map(_dollars, (line.day, line.requests, line.run)))
    return table


def _dollars(amount: float) -> str:
    return f"${amount:,.4f}" if amount else ""
