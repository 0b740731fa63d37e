"""MLflow's own tracking server, behind the front door: what SageMaker's managed MLflow is on AWS.

It is MLflow's program, in its own environment, as its requirements contradict ours: all that is known of it here is how it
is started, and on which socket it listens. What it keeps lies in the data folder.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.kept_process import KeptProcess
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder

OWNER = "mlflow"
PREFIX = "/_mlflow"
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # It would start a second server for evaluations of language models.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONUNBUFFERED": "1",
}
_MISSING = (
    "MLflow is not installed: `uv tool install mlflow` or `pip install 'mlsystem[mlflow]'` puts the program `mlflow` "
    "on the PATH, then `mlsystem up --mlflow` again"
)


def socket_path(folder: DataFolder) -> Path:
    return folder.sockets / "mlflow.sock"


def find_program() -> Path:
    """MLflow's command: beside this Python, else on the PATH. Raises StartupError where there is none."""
    beside = Path(sys.executable).with_name("mlflow")
    found = str(beside) if beside.is_file() else shutil.which("mlflow")
    if found is None:
        raise StartupError(_MISSING)
    return Path(found)


def mlflow_process(folder: DataFolder, database: Database, runner: ProcessRunner, program: Path | None) -> KeptProcess:
    """`program`: None for one that is only to be ended."""
    own = folder.root / "mlflow"
    command = [] if program is None else _command(program, own, socket_path(folder))
    log_path = folder.root / "logs" / "mlflow.log"
    return KeptProcess(OWNER, "MLflow", lambda: command, own, log_path, database, runner)


def _command(program: Path, own: Path, socket: Path) -> list[str]:
    own.mkdir(mode=0o700, exist_ok=True)
    settings = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
    return [
        *("/usr/bin/env", *settings, str(program), "server", "--static-prefix", PREFIX, "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{own / 'mlflow.db'}"),
        *("--artifacts-destination", str(own / "artifacts")),
        *("--uvicorn-opts", f"--uds {shlex.quote(str(socket))}"),
    ]
