"""audit: who asked the local engine for what, and whether its record of that is whole."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from mlsystem.cli.state import State
from mlsystem.client import audit
from mlsystem.client.errors import ClientFailure, RunFailed


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The engine's audit trail: who asked for what, and is the record whole?")
    group.command()(verify)
    group.command()(show)
    app.add_typer(group, name="audit", no_args_is_help=True)


def verify(
    context: typer.Context,
    noted: Annotated[
        str | None, typer.Option(help="an end that this command named before, NUMBER:HASH: it must still be there")
    ] = None,
) -> None:
    """Say whether a line of the trail was changed, removed, inserted or moved since the engine wrote it."""
    state = _local(context)
    report = audit.verify(state.home, audit.read_link(noted) if noted else None)
    words = [f"Note: {note}" for note in report.notes] + [str(fault) for fault in report.faults]
    end = f"{report.last.sequence}:{report.last.hash}"
    if not report.faults:
        words.append(f"The trail is whole: {report.lines} lines. Its end, for --noted later: {end}")
    state.answer({**asdict(report), "whole": not report.faults, "end": end}, "\n".join(words))
    if report.faults:
        raise RunFailed(f"the audit trail is not as the engine wrote it, first at {report.faults[0]}")


def show(
    context: typer.Context,
    minutes: Annotated[float | None, typer.Option("--since", help="only the last MINUTES")] = None,
    who: Annotated[str, typer.Option(help="only who has this in the ARN or the access key id")] = "",
    what: Annotated[str, typer.Option(help="only operations like this: s3:Put*")] = "*",
    refused: Annotated[bool, typer.Option("--refused", help="only what was refused or failed")] = False,
    last: Annotated[int, typer.Option(min=1, help="at most so many, the newest")] = 100,
) -> None:
    """Print who asked for what: for programs the whole records, a line of JSON each, in CloudTrail's format."""
    state = _local(context)
    since = datetime.now(UTC) - timedelta(minutes=minutes) if minutes is not None else None
    found = deque(audit.records(state.home, audit.Wanted(since, who, what, refused)), maxlen=last)
    if not state.as_json:
        state.show(_table(list(found)), ())
        return
    for record in found:
        state.answer_line(record, "")


def _local(context: typer.Context) -> State:
    state: State = context.obj
    if state.target != "local":
        raise ClientFailure("the audit trail of an account is CloudTrail's: look at `aws cloudtrail lookup-events`")
    return state


def _table(records: list[dict[str, Any]]) -> Table:
    table = Table(expand=False)
    for column in ("at", "who", "from", "what", "answer"):
        table.add_column(column, overflow="fold")
    for record in records:
        at = datetime.fromisoformat(record["eventTime"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        status = str(record["additionalEventData"]["status"])
        answer = f"{status} {record.get('errorCode', '')}".strip()
        who = f"{audit.principal(record)} {audit.person(record)}".strip()
        # As text: whoever asks chooses some of these words.
        table.add_row(*(Text(cell) for cell in (at, who, record["sourceIPAddress"], audit.what(record), answer)))
    return table
