"""Which runtime is chosen, and what is said where the one that was asked for is not there."""

import socket
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.runtime import machine
from mlsystem.engine.runtime.choice import choose
from mlsystem.engine.runtime.machine import Machine
from tests.docker_engine import DockerEngine

REFUSED = Machine(None, refusal="bwrap: setting up uid map: Permission denied")


@pytest.fixture(autouse=True)
def _without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that grants no sandbox."""
    monkeypatch.setattr(machine, "probe", lambda: REFUSED)


def test_the_sandbox_is_chosen_where_it_is_granted(tmp_path: Path) -> None:
    found = choose("auto", tmp_path)
    assert found.kind == "sandbox"
    assert found == choose("sandbox", tmp_path)


@pytest.mark.usefixtures("bare")
def test_without_a_sandbox_docker_is_chosen_where_it_starts_a_program(
    docker: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker.environment["DOCKER_HOST"])
    found = choose("auto", tmp_path)
    assert (found.kind, found.isolates) == ("docker", True)
    assert str(docker.socket) in found.sentence
    assert (list(tmp_path.iterdir()), docker.containers()) == ([], []), "the trial leaves nothing"


@pytest.mark.usefixtures("bare")
def test_with_neither_a_program_is_a_plain_process_and_both_refusals_are_told(tmp_path: Path) -> None:
    found = choose("auto", tmp_path)
    assert (found.kind, found.isolates) == ("plain", False)
    assert REFUSED.refusal in found.sentence
    assert "no Docker engine has its socket" in found.sentence


def test_a_plain_process_is_what_a_person_may_want(tmp_path: Path) -> None:
    assert choose("plain", tmp_path).kind == "plain"


@pytest.mark.usefixtures("bare")
def test_what_is_asked_for_and_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="this machine grants no sandbox: bwrap: setting up uid map"):
        choose("sandbox", tmp_path)
    with pytest.raises(StartupError, match="there is no Docker engine that can be used: no Docker engine has"):
        choose("docker", tmp_path)
    with pytest.raises(StartupError, match="'podman' is no runtime: there are auto, sandbox, docker, plain"):
        choose("podman", tmp_path)


def test_an_engine_elsewhere_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    with pytest.raises(StartupError, match="no Docker engine has its socket"):
        choose("docker", tmp_path)


def test_one_that_answers_and_is_no_docker_engine_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(403, "permission denied")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

        def address_string(self) -> str:
            return ""

    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with ThreadingUnixStreamServer(str(path), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with pytest.raises(StartupError, match="permission denied"):
            choose("docker", tmp_path)
        server.shutdown()
        thread.join()
    path.unlink()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        with pytest.raises(StartupError, match=r"does not answer: .*Connection refused"):
            choose("docker", tmp_path)
