"""Runs in a container of the model image, as root: `serve` answers over HTTP, and nobody who answers is root.

Without a model its ping must be 503 with the reason; with the tiny one that is then trained, 200 after a SIGHUP.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

SECONDS = 60.0
SCHEMA = {
    "format": 1,
    "task": "regression",
    "target": "y",
    "classes": [],
    "features": [{"name": "x", "categories": None}],
    "missing_values": [],
}


def free_port() -> int:
    """The container may share the machine's network."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


PORT = free_port()


def request(method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": "text/csv"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def until(what: str, is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            if is_true():
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit(f"serve: never {what}")


def train(folder: Path) -> None:
    import lightgbm
    import numpy

    x = numpy.arange(200.0)
    data = lightgbm.Dataset(x.reshape(-1, 1), label=2 * x)
    booster = lightgbm.train({"objective": "regression", "verbosity": -1}, data, num_boost_round=50)
    (folder / "inference").mkdir(parents=True)
    (folder / "inference" / "schema.json").write_text(json.dumps(SCHEMA))
    booster.save_model(folder / "model.txt")


def answering(server: int) -> list[tuple[str, int]]:
    """Name and user of each process that answers requests: the workers of Nginx and of Gunicorn."""
    parents, users, names = {}, {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = dict(line.partition(":")[::2] for line in (folder / "status").read_text().splitlines())
        except OSError:
            continue
        pid = int(folder.name)
        parents[pid], users[pid], names[pid] = int(lines["PPid"]), int(lines["Uid"].split()[1]), lines["Name"].strip()
    masters = [pid for pid, parent in parents.items() if parent == server]
    return [(names[pid], users[pid]) for pid, parent in parents.items() if parent in masters]


def check(server: subprocess.Popen[bytes]) -> None:
    until("said why it cannot serve", lambda: request("GET", "/ping")[0] == 503)
    assert "schema.json" in request("GET", "/ping")[1]
    train(Path("/opt/ml/model"))
    server.send_signal(signal.SIGHUP)
    until("served the new model", lambda: request("GET", "/ping")[0] == 200)
    status, answer = request("POST", "/invocations", b"100\n")
    assert status == 200 and 150 < float(answer) < 250, (status, answer)
    workers = answering(server.pid)
    assert {name for name, _ in workers} >= {"nginx"} and len(workers) >= 4, workers
    assert {user for _, user in workers} == {pwd.getpwnam("model-server").pw_uid}, workers
    server.terminate()
    assert server.wait() == 0


def main() -> None:
    settings = {"SAGEMAKER_BIND_TO_PORT": str(PORT), "MODEL_SERVER_WORKERS": "2"}
    with subprocess.Popen(["serve"], env={**os.environ, **settings}) as server:
        try:
            check(server)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
