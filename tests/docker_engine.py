"""A Docker engine of the tests' own, beside whatever the machine has: started as root, ended by its pid, without images."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlsystem.engine.runtime.shim.daemon import Daemon, DaemonError
from tests.live import eventually

# Not in memory, as other folders of tests may be: and short, since there are sockets in it.
PARENT = Path("/var/tmp")
END_SECONDS = 30.0


class DockerEngine:
    def __init__(self, folder: Path, pid: int):
        self.pid = pid
        self.socket = folder / "docker.sock"
        self.daemon = Daemon(str(self.socket))
        self.environment = {"DOCKER_HOST": f"unix://{self.socket}"}

    def containers(self) -> list[str]:
        """The names of all that there are, running or not."""
        return [one["Names"][0].lstrip("/") for one in self.daemon.ask("GET", "/containers/json", all="1")]

    def volumes(self) -> list[str]:
        return [str(one["Name"]) for one in self.daemon.ask("GET", "/volumes")["Volumes"] or ()]

    def images(self) -> list[str]:
        return [str(one["Id"]) for one in self.daemon.ask("GET", "/images/json")]

    def answers(self) -> bool:
        try:
            self.daemon.ask("GET", "/info")
        except DaemonError:
            return False
        return True


@contextmanager
def docker_engine() -> Iterator[DockerEngine]:
    """Skips the test that asks for it where there can be none."""
    if shutil.which("dockerd") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("dockerd is not installed; .ci/run installs it")
        pytest.skip("not run: dockerd is not installed")
    if os.geteuid() != 0:
        pytest.skip("not run: dockerd needs root")
    folder = Path(tempfile.mkdtemp(prefix="docker", dir=PARENT))
    command = [
        *("setpriv", "--pdeathsig", "TERM"),  # whatever ends the tests
        *("dockerd", "--host", f"unix://{folder / 'docker.sock'}", "--data-root", str(folder / "data")),
        *("--exec-root", str(folder / "exec"), "--pidfile", str(folder / "pid"), "--storage-driver", "vfs"),
        *("--bridge", "none", "--iptables=false", "--ip6tables=false", "--oom-score-adjust", "0"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        engine = DockerEngine(folder, process.pid)
        eventually(lambda: engine.answers() or process.poll() is not None)
        if process.poll() is not None:
            pytest.skip(f"not run: dockerd does not start here: {(folder / 'log').read_text().splitlines()[-1]}")
        yield engine
    finally:
        process.terminate()
        process.wait(END_SECONDS)
        # Which it leaves, with the name space of containers that have the machine's network.
        subprocess.run(["umount", folder / "exec/netns/default"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)
