"""up, down, env: the local engine."""

from __future__ import annotations

import os
import shlex
from enum import StrEnum
from typing import Annotated

import typer

from mlsystem.cli.state import State
from mlsystem.client import engine
from mlsystem.client.connection import read_engine


class Runtime(StrEnum):
    AUTO = "auto"
    SANDBOX = "sandbox"
    DOCKER = "docker"
    PLAIN = "plain"


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(down)
    app.command()(env)


def up(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="port of the front door; default 4580, 0 takes a free one")] = None,
    time_scale: Annotated[float, typer.Option(help="divide waits, alarm periods and cooldowns by this")] = 1.0,
    region: Annotated[
        str | None, typer.Option(help="the region that the engine plays; default that of before, else us-east-1")
    ] = None,
    runtime: Annotated[
        Runtime, typer.Option(help="what programs run in; auto is the first of the others that works here")
    ] = Runtime.AUTO,
    signed_invocations: Annotated[
        bool,
        typer.Option("--signed-invocations", help="let nobody invoke an endpoint unsigned, on this machine either"),
    ] = False,
    tls: Annotated[
        bool,
        typer.Option("--tls", help="speak HTTPS, with a certificate of an authority of this machine's user alone"),
    ] = False,
    calls_per_second: Annotated[
        float | None,
        typer.Option(help="how many calls of the API each caller may make; default 1000, with bursts of 5 seconds"),
    ] = None,
    console: Annotated[bool, typer.Option(help="serve the web console, at /_console/ of the same port")] = True,
    mlflow: Annotated[
        bool, typer.Option("--mlflow", help="serve MLflow, where it is installed, at /_mlflow/ of the same port")
    ] = False,
    otlp: Annotated[
        str | None,
        typer.Option(help="send traces by OTLP to the collector at this URL; default $OTEL_EXPORTER_OTLP_ENDPOINT"),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0.0, help="seconds that what was in service before may take to answer again")
    ] = 20.0,
    foreground: Annotated[bool, typer.Option("--foreground", help="stay, until ctrl-c")] = False,
) -> None:
    """Start the local engine."""
    state: State = context.obj
    options = engine.UpOptions(
        home=state.home,
        port=port,
        time_scale=time_scale,
        region=region,
        runtime=runtime.value,
        must_sign=signed_invocations,
        has_tls=tls,
        calls_per_second=calls_per_second,
        has_console=console,
        has_mlflow=mlflow,
        otlp=otlp,
        restore_seconds=wait,
    )
    if foreground:
        raise typer.Exit(engine.run_in_foreground(options))
    started = engine.start(options)
    away = "" if started.is_restored else "Not all that was in service before answers yet: mlsystem logs says why\n"
    seen = f"Console: {started.console}\n" if started.console else ""
    seen += f"MLflow: {started.mlflow}/\n" if started.mlflow else ""
    trust = f"Trust: {started.ca_bundle}\n" if started.ca_bundle else ""
    state.answer(
        {
            "url": started.url,
            "ca_bundle": started.ca_bundle,
            "console": started.console,
            "mlflow": started.mlflow,
            "home": str(state.home),
            "runtime": started.runtime,
            "isolated": started.is_isolated,
            "sentence": started.sentence,
            "restored": started.is_restored,
        },
        f"The engine is ready on {started.url}\n{started.sentence}\n{away}{seen}{trust}Data: {state.home}\n"
        'Next: eval "$(mlsystem env)", or mlsystem deploy',
    )


def down(context: typer.Context) -> None:
    """End the local engine and everything that it started."""
    state: State = context.obj
    was_running = engine.is_running(state.home)
    count = engine.stop(state.home)
    words = "The engine has ended" if was_running else "No engine was running"
    state.answer(
        {"ended": was_running, "processes": count},
        f"{words}; {count} other processes were ended. The data stays in {state.home}",
    )


def env(
    context: typer.Context,
    unset: Annotated[bool, typer.Option("--unset", help="Leave the engine again: print what unsets them.")] = False,
) -> None:
    """Print the settings with which any AWS client speaks to the engine: eval "$(mlsystem env)"."""
    state: State = context.obj
    local = read_engine(state.home)
    settings = local.environment()
    if unset:
        state.answer({name: None for name in settings}, f"unset {' '.join(settings)}")
        return
    unwanted = local.unwanted(os.environ)
    lines = [f"unset {name}" for name in unwanted]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    state.answer(settings, "\n".join(lines))
