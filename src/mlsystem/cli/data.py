"""upload, invoke, logs: data in, answers and lines out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from mlsystem.cli.state import State, pause
from mlsystem.client.data import check_data_source, upload_data_source, upload_folder
from mlsystem.client.deployment import Deployment
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.invocation import invoke_api, invoke_endpoint
from mlsystem.client.logs import LogLine, Logs, minutes_ago


def register(app: typer.Typer) -> None:
    for command in (upload, invoke, logs):
        app.command()(command)


def upload(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(help="data-source.zip, whose upload starts the pipeline; or a folder of data")
    ],
    prefix: Annotated[str, typer.Option(help="for a folder: where in the data bucket")] = "data",
) -> None:
    """Upload data-source.zip, or a folder of data sets."""
    state: State = context.obj
    connection, project = state.connection(), state.project()
    if not path.is_dir():
        check_data_source(path)
    if path.is_dir():
        uris = upload_folder(connection, project, path, prefix)
    else:
        bucket = Deployment(connection, project, state.tell).resource("ArtifactBucket")
        uris = [upload_data_source(connection, project, bucket, path)]
    state.answer(uris, "\n".join(uris))


def invoke(
    context: typer.Context,
    body: Annotated[str, typer.Argument(help="the request's body; @FILE reads a file, - standard input")],
    stage: Annotated[Literal["dev", "prd"], typer.Option(help="dev: the endpoint; prd: the API")] = "prd",
    content_type: Annotated[str, typer.Option(help="of the body")] = "text/csv",
    accept: Annotated[str, typer.Option(help="what is wanted back")] = "text/csv",
) -> None:
    """Ask the model: through the API in production, directly in the dev stage."""
    state: State = context.obj
    connection = state.connection()
    outputs = Deployment(connection, state.project(), state.tell).outputs(state.project().deployed_stack(stage))
    wanted = "ApiUrl" if stage == "prd" else "EndpointName"
    if wanted not in outputs:
        raise NotFound(f"nothing is deployed to {stage}: `mlsystem status` shows where the pipeline stands")
    content = _read(body)
    if stage == "prd":
        answer = invoke_api(connection, outputs[wanted], content, content_type, accept)
    else:
        answer = invoke_endpoint(connection, outputs[wanted], content, content_type, accept)
    state.answer(asdict(answer), answer.body.rstrip("\n"))
    if answer.status >= 400:
        raise ClientFailure(f"the answer has status {answer.status}")


def logs(
    context: typer.Context,
    group: Annotated[str | None, typer.Argument(help="a log group, or a part of its name; none lists them")] = None,
    stream: Annotated[str, typer.Option(help="beginning of the stream's name, such as a job's name")] = "",
    words: Annotated[str, typer.Option("--filter", help="only lines with these words")] = "",
    minutes: Annotated[float | None, typer.Option("--since", help="only the last MINUTES")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="stay, and show what comes")] = False,
) -> None:
    """Show logs of jobs, builds, endpoints and functions."""
    state: State = context.obj
    source = Logs(state.connection())
    if group is None:
        names = source.groups()
        state.answer(names, "\n".join(names) or "There are no log groups yet.")
        return
    name = source.find_group(group)
    since = minutes_ago(minutes) if minutes is not None else 0
    if follow:
        for line in source.follow(name, stream, words, pause):
            state.answer_line(asdict(line), _shown(line))
    elif state.as_json:
        state.answer([asdict(line) for line in source.lines(name, stream, words, since)])
    else:
        for line in source.lines(name, stream, words, since):
            state.answer_line({}, _shown(line))


def _shown(line: LogLine) -> str:
    at = datetime.fromtimestamp(line.at_ms / 1000).astimezone().strftime("%H:%M:%S")
    return f"{at} {line.stream} {line.message}"


def _read(body: str) -> bytes:
    if body == "-":
        return sys.stdin.buffer.read()
    if body.startswith("@"):
        path = Path(body[1:])
        if not path.is_file():
            raise NotFound(f"there is no file {path}")
        return path.read_bytes()
    return body.encode()
