"""The programs of a pipeline run, without the engine around them: how long each takes when it is simply started.

Jobs and the server run on a folder in the place of /opt/ml; a build's commands, which are project/model/buildspec.yml's, ask the
engine's API for what they ask it for inside a build.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from mlsystem.archives import tarfile
from tests.small_project import csv_data, program_files

SETS = ("train", "test", "baseline")
FOLDERS = (*(f"processing/input/{name}" for name in SETS), "processing/model", "processing/output", "input/config")
PHASES = ("install", "build")
# In the analyzer's place: it looks at the data, and finds nothing to say.
ANALYZER = """import os, pathlib
rows = sum(len(path.read_text().splitlines()) for path in pathlib.Path(os.environ["dataset_source"]).iterdir())
pathlib.Path(os.environ["output_path"], "statistics.json").write_text('{"rows": %d}' % rows)
"""


class BarePrograms:
    """Each job in the workflow's order, as it reads what an earlier one wrote."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._ml = folder / "ml"
        for name in (*FOLDERS, "model", "output"):
            (self._ml / name).mkdir(parents=True)
        for name in SETS:
            (self._ml / "processing/input" / name / f"{name}.csv").write_bytes(csv_data())
        (self._ml / "input/config/hyperparameters.json").write_text("{}")
        for name, text in {**program_files(), "analyzer.py": ANALYZER}.items():
            (folder / name).write_text(text.replace("/opt/ml", str(self._ml)))

    def jobs(self) -> float:
        """Of the workflow: the analyzer runs beside training and evaluation."""
        prepare = self._job("prepare_data.py")
        (self._ml / "input/data").mkdir()
        (self._ml / "input/data/train").symlink_to(self._ml / "processing/train")
        train = self._job("train")
        with tarfile.open(self._ml / "processing/model/model.tar.gz", "w:gz") as archive:
            archive.add(self._ml / "model", ".")
        return prepare + max(train + self._job("evaluate.py"), self._job("analyzer.py"))

    def server(self) -> float:
        """Until it takes connections."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        environment = {**os.environ, "SAGEMAKER_BIND_TO_PORT": str(port)}
        begun = time.perf_counter()
        with subprocess.Popen([sys.executable, "serve"], cwd=self._folder, env=environment) as process:
            try:
                while not _is_listening(port):
                    time.sleep(0.002)
                return time.perf_counter() - begun
            finally:
                process.terminate()

    def build(self, source: Path, variables: Mapping[str, str]) -> float:
        """The commands of the buildspec in a copy of the source."""
        phases = yaml.safe_load((source / "model/buildspec.yml").read_text())["phases"]
        commands = "\n".join(command for phase in PHASES for command in phases[phase]["commands"])
        scripts = Path(sys.executable).parent
        environment = {**os.environ, **variables, "PATH": f"{scripts}:{os.environ['PATH']}"}
        return seconds_of(lambda: _run(["bash", "-ec", commands], source, environment))

    def _job(self, name: str) -> float:
        variables = {
            "dataset_source": str(self._ml / "processing/input/baseline"),
            "output_path": str(self._ml / "processing/output"),
        }
        return seconds_of(lambda: _run([sys.executable, name], self._folder, {**os.environ, **variables}))


def seconds_of(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
