"""MLflow's own tracking server, behind the front door: what SageMaker's managed MLflow is on AWS.

It is MLflow's program, in its own environment, as its requirements contradict ours: all that is known of it here is how it
is started, and on which socket it listens. What it keeps lies in the data folder.
It is shut in like a job: who may write to it, which is every workload, can have it read any file that it sees.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.kept_process import KeptProcess
from mlsystem.engine.runtime.process import Mount
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder

OWNER = "mlflow"
PREFIX = "/_mlflow"
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # It would start a second server for evaluations of language models.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # Its assistant runs commands for whoever is on the server's own machine; without the headers of proxies nobody is.
    "MLFLOW_ENABLE_REMOTE_ASSISTANT": "false",
    "PYTHONUNBUFFERED": "1",
}
_MISSING = (
    "MLflow is not installed: `uv tool install mlflow` or `pip install 'mlsystem[mlflow]'` puts the program `mlflow` "
    "on the PATH, then `mlsystem up --mlflow` again"
)


@dataclass(frozen=True)
class Installed:
    """A virtual environment that has MLflow: its Python, and the folders without which that does not run."""

    python: Path
    folders: tuple[Path, ...]


def socket_path(folder: DataFolder) -> Path:
    """In the one folder that it may write."""
    return _own(folder) / "run.sock"


def find_mlflow() -> Installed:
    """That of this Python, else that of the PATH's `mlflow`. Raises StartupError where there is none."""
    beside = Path(sys.executable).with_name("mlflow")
    found = str(beside) if beside.is_file() else shutil.which("mlflow")
    if found is None:
        raise StartupError(_MISSING)
    python = Path(found).resolve().with_name("python")
    if not python.exists():
        raise StartupError(
            f"{found} is in no virtual environment, beside a `python`. `uv tool install mlflow` makes one"
        )
    return Installed(python, (python.parents[1], python.resolve().parents[1]))


def mlflow_process(
    folder: DataFolder, database: Database, runner: ProcessRunner, installed: Installed | None
) -> KeptProcess:
    """`installed`: None for one that is only to be ended."""
    own = _own(folder)
    command = [] if installed is None else _command(installed, folder)
    needed = [] if installed is None else [place for place in installed.folders if not place.is_relative_to("/usr")]
    mounts = [*(Mount(place, str(place)) for place in needed), Mount(own, str(own), read_only=False)]
    log_path = folder.root / "logs" / "mlflow.log"
    socket = socket_path(folder)
    return KeptProcess(OWNER, "MLflow", lambda: command, own, log_path, database, runner, mounts, socket)


def _own(folder: DataFolder) -> Path:
    return folder.root / "mlflow"


def _command(installed: Installed, folder: DataFolder) -> list[str]:
    own = _own(folder)
    own.mkdir(mode=0o700, exist_ok=True)
    settings = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
    return [
        *("/usr/bin/env", *settings, str(installed.python), "-m", "mlflow", "server", "--static-prefix", PREFIX),
        *("--backend-store-uri", f"sqlite:///{own / 'mlflow.db'}", "--artifacts-destination", str(own / "artifacts")),
        *("--workers", "1", "--uvicorn-opts", f"--no-proxy-headers --uds {shlex.quote(str(socket_path(folder)))}"),
    ]
