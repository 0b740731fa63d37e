"""`mlsystem`: one file per group of commands; a command parses, makes one call, and renders.

Exit codes: 0 done, 1 refused or failed, 2 what was waited for ended badly (and wrong usage), 3 no engine, 4 not found.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from rich.console import Console
from typer._click.exceptions import NoArgsIsHelpError, UsageError

from mlsystem.cli import (
    audit,
    backup,
    console,
    cost,
    dashboard,
    data,
    demo,
    drill,
    engine,
    image,
    monitor,
    pipeline,
    project,
    release,
    studio,
)
from mlsystem.cli.state import State
from mlsystem.client.connection import Target, default_home
from mlsystem.client.errors import ClientFailure, NotRunning

ENGINE_AWAY = "control plane does not answer"
_EXPIRED = "The session has expired: sign in again, for example with `aws sso login`"
_UNKNOWN = "AWS does not know these credentials: look at `aws configure list` and at AWS_* in the environment"
CREDENTIALS_ADVICE = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _EXPIRED),
    **dict.fromkeys(
        ("InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "SignatureDoesNotMatch"), _UNKNOWN
    ),
}

app = typer.Typer(
    name="mlsystem",
    help="An ML system for Amazon SageMaker that also runs, whole, on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(
    context: typer.Context,
    target: Annotated[Target, typer.Option(help="local: the engine on this machine; aws: your account")] = "local",
    home: Annotated[
        Path | None, typer.Option(help="the engine's data folder; default $MLSYSTEM_HOME or .mlsystem")
    ] = None,
    project_folder: Annotated[Path, typer.Option("--project", help="the project's folder")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON, for programs")] = False,
) -> None:
    """Options that stand before every command."""
    where = (home or default_home()).absolute()
    context.obj = State(
        target, where, project_folder, as_json, Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    )


for group in (
    engine,
    backup,
    project,
    pipeline,
    release,
    monitor,
    dashboard,
    console,
    drill,
    data,
    image,
    cost,
    audit,
    studio,
    demo,
):
    group.register(app)


def main() -> None:
    """Run a command; every known failure is one clear line."""
    try:
        sys.exit(app(standalone_mode=False))
    except NoArgsIsHelpError as asked:
        asked.show()
        sys.exit(asked.exit_code)
    except UsageError as error:
        where = error.ctx.command_path if error.ctx else "mlsystem"
        words = error.format_message().replace("Value error, ", "")
        _end(f"{words} (`{where} --help` tells more)", error.exit_code)
    except _known_failures() as error:
        _end(*_told(error))
    except typer.Abort:
        _end("nothing was done", 1)
    except KeyboardInterrupt:
        sys.exit(130)


def _known_failures() -> tuple[type[Exception], ...]:
    """Asked for when something has failed: botocore's parsers take long to import."""
    from botocore.parsers import ResponseParserError

    return ClientFailure, ClientError, BotoCoreError, ResponseParserError, OSError


def _told(error: Exception) -> tuple[str, int]:
    """What is said of a failure, and the exit code."""
    match error:
        case ClientFailure():
            return str(error), error.exit_code
        case EndpointConnectionError() if ".amazonaws." in str(error):
            return f"{error} Is the region's name right, does it have the service, and is there a network?", 1
        case EndpointConnectionError():
            return f"{error} Does the engine run? `mlsystem up` starts it", NotRunning.exit_code
        case NoCredentialsError() | PartialCredentialsError() | TokenRetrievalError():
            return f"{error}. Sign in with `aws configure` or `aws sso login`, then try again", 1
        case ClientError() if error.response["Error"]["Code"] in CREDENTIALS_ADVICE:
            return f"{error}. {CREDENTIALS_ADVICE[error.response['Error']['Code']]}", 1
        # The front door outlives an engine that was killed, and says so in its place.
        case ClientError() if ENGINE_AWAY in str(error):
            return str(error), NotRunning.exit_code
        case _:
            return str(error), 1


def _end(words: str, exit_code: int) -> NoReturn:
    """Whatever the words are made of, they are one line."""
    sys.stderr.write(f"mlsystem: {' '.join(words.split())}\n")
    sys.exit(exit_code)
