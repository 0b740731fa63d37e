"""The web console's process, behind the front door.

It is a client like any other: nothing of it is known here but how it is started and on which socket it listens.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mlsystem.engine.front.kept_process import KeptProcess
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder

OWNER = "console"
PROGRAM = "mlsystem.console"
PATH = "/_console/"


def socket_path(folder: DataFolder) -> Path:
    return folder.sockets / "console.sock"


def console_process(folder: DataFolder, database: Database, runner: ProcessRunner) -> KeptProcess:
    command = [sys.executable, "-m", PROGRAM, str(folder.root), str(socket_path(folder))]
    log_path = folder.root / "logs" / "console.log"
    return KeptProcess(OWNER, "the console", lambda: command, folder.root, log_path, database, runner)
