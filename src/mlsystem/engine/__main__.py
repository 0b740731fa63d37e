"""`python -m mlsystem.engine FOLDER`: run an engine in the foreground. `mlsystem up` starts this program."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NoReturn

from mlsystem.engine.decide.collector import collector_of, read_collector
from mlsystem.engine.decide.errors import AwsError, StartupError
from mlsystem.engine.settings import DEFAULT_CALLS_PER_SECOND, DEFAULT_KEY_SECONDS, DEFAULT_PORT, Settings
from mlsystem.engine.shutdown import shut_down


def main() -> int:
    try:
        given = _parser().parse_args()
        settings = _settings(given)
        settings.check()
        if given.down:
            sys.stdout.write(f"{shut_down(settings.folder)}\n")
            return 0
        if given.backup or given.restore:
            _print(_copied(given))
            return 0
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _log_to(settings.folder / "engine.log")
        # All rooms: not needed to end an engine, which then takes a tenth of the time.
        from mlsystem.engine.start import run

        run(settings, _report)
    except (StartupError, AwsError, OSError) as error:
        with suppress(OSError):  # the status tells as well, where this goes to a file on the disk that is full
            os.write(sys.stderr.fileno(), f"mlsystem: {_words(error)}\n".encode())
        return 3
    return 0


def _copied(given: argparse.Namespace) -> dict[str, object]:
    """What was backed up, or restored, for nobody else to read."""
    os.umask(0o077)
    if given.backup:
        from mlsystem.engine.backup.archive import make_backup

        return asdict(make_backup(given.folder, given.backup, given.key))
    from mlsystem.engine.backup.restoring import restore

    return asdict(restore(given.restore, given.folder.resolve(), given.key))


def _words(error: Exception) -> str:
    match error:
        case AwsError():
            return error.message
        case OSError():
            return f"the engine fails: {error}"
        case _:
            return str(error)


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise StartupError(f"{message} ({self.prog} --help tells more)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m mlsystem.engine", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--time-scale", type=float, default=1.0)
    parser.add_argument("--region")
    parser.add_argument("--account")
    parser.add_argument("--workload-key-seconds", type=float, default=DEFAULT_KEY_SECONDS)
    parser.add_argument("--tls", action="store_true", help="serve HTTPS, with a certificate of an authority of its own")
    parser.add_argument(
        "--signed-invocations", action="store_true", help="invocations must be signed on this machine too"
    )
    parser.add_argument(
        "--calls-per-second",
        type=float,
        default=DEFAULT_CALLS_PER_SECOND,
        help="how many calls of the API each caller may make",
    )
    parser.add_argument("--runtime", default="auto", help="auto, sandbox, docker or plain: what programs run in")
    parser.add_argument("--console", action="store_true", help="serve the web console behind the front door")
    parser.add_argument("--mlflow", action="store_true", help="serve MLflow behind the front door")
    parser.add_argument("--otlp", help="send traces to the collector at this URL, by OTLP")
    parser.add_argument("--backup", type=Path, help="copy the folder, while its engine works, into this file or folder")
    parser.add_argument("--restore", type=Path, help="make the folder of this backup")
    parser.add_argument("--key", type=Path, help="of --backup and --restore: the file of the folder's key")
    parser.add_argument("--down", action="store_true", help="end the engine of the folder and all that it started")
    return parser


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        folder=given.folder.resolve(),
        port=given.port,
        host=given.host,
        time_scale=given.time_scale,
        region=given.region,
        account=given.account,
        workload_key_seconds=given.workload_key_seconds,
        trusts_loopback=not given.signed_invocations,
        calls_per_second=given.calls_per_second,
        runtime=given.runtime,
        has_console=given.console,
        has_mlflow=given.mlflow,
        has_tls=given.tls,
        collector=read_collector(given.otlp) if given.otlp else collector_of(os.environ),
    )


def _log_to(path: Path) -> None:
    # Opened with the first line: an engine that is refused the folder touches nothing of the one that has it.
    handler = RotatingFileHandler(path, maxBytes=16 * 1024 * 1024, backupCount=3, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # On a full disk nobody wants to hear of each line that was not written.
    logging.raiseExceptions = False
    # It tells of every file that changes.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


def _report(ready: Mapping[str, object]) -> None:
    """One line of JSON on standard output, for the program that waits for the engine."""
    _print({"ready": True, **ready})


def _print(told: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(told, default=str) + "\n")
    sys.stdout.flush()


def _leave(status: int) -> NoReturn:
    """At once: Python would wait for the threads of actions that the worker did not wait for."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)


def begin() -> NoReturn:
    """`main`, and the end of this process with its status."""
    try:
        _leave(main())
    except SystemExit as end:
        _leave(int(end.code or 0))


if __name__ == "__main__":
    begin()
