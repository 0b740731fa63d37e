"""pin_base.py against a registry that speaks the distribution API, with its tokens, on this machine."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mlsystem.client.images.base import PYTHON
from tests.unit.project.container.program import CONTAINER

sys.path.insert(0, str(CONTAINER))
pin_base: Any = importlib.import_module("pin_base")

INDEX = json.dumps({"schemaVersion": 2, "mediaType": pin_base.INDEXES[0], "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(INDEX).hexdigest()}"
SCOPE = "repository:docker/library/python:pull"


class Registry(ThreadingHTTPServer):
    """Has one repository with the tag 3.13-slim, for those who bring the token that everybody gets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.name = f"127.0.0.1:{self.server_port}"
        self.challenge = f'Bearer realm="http://{self.name}/token/",service="registry",scope="{SCOPE}"'
        self.kind = pin_base.INDEXES[0]
        self.token: dict[str, str] = {"token": "for-everybody"}
        self.token_status = 200
        self.asked: list[str] = []


class Answer(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        url = urlsplit(self.path)
        if url.path == "/token/":
            is_right = parse_qs(url.query) == {"service": ["registry"], "scope": [SCOPE]}
            self._send(self.server.token_status if is_right else 400, json.dumps(self.server.token).encode())
        elif self.headers["Authorization"] != "Bearer for-everybody":
            self._send(401, b"{}", ("WWW-Authenticate", self.server.challenge))
        elif url.path == "/v2/docker/library/python/manifests/3.13-slim":
            is_index_wanted = all(kind in self.headers["Accept"] for kind in pin_base.INDEXES)
            self._send(200 if is_index_wanted else 406, INDEX, ("Content-Type", self.server.kind))
        elif "secret" in url.path:
            self._send(403, b"{}")
        else:
            self._send(404, b"{}")

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Folder:
    """A container folder with the script alone."""

    def __init__(self, folder: Path) -> None:
        self.pin = folder / "base_image.txt"
        self._folder = folder
        shutil.copy(CONTAINER / "pin_base.py", folder)

    def run(self, *image: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", str(self._folder / "pin_base.py"), *image]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def refused(self, *image: str) -> str:
        done = self.run(*image)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("pin_base.py: ")
        assert done.stderr.count("\n") == 1
        return done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_tag_is_pinned_to_the_digest_of_what_the_registry_sends(registry: Registry, folder: Folder) -> None:
    image = f"{registry.name}/docker/library/python:3.13-slim"
    done = folder.run(image)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == folder.pin.read_text() == f"{image}@{DIGEST}\n"
    assert [urlsplit(path).path for path in registry.asked] == [
        "/v2/docker/library/python/manifests/3.13-slim",
        "/token/",
        "/v2/docker/library/python/manifests/3.13-slim",
    ]


def test_a_registry_that_calls_its_token_otherwise_is_understood(registry: Registry, folder: Folder) -> None:
    registry.token = {"access_token": "for-everybody"}
    assert folder.run(f"{registry.name}/docker/library/python:3.13-slim").returncode == 0


def test_the_image_is_that_of_the_dockerfile_unless_given(registry: Registry, folder: Folder, tmp_path: Path) -> None:
    assert pin_base.image_of_dockerfile(CONTAINER / "Dockerfile") == "python:3.13-slim"
    (tmp_path / "Dockerfile").write_text(f"ARG PYTHON_IMAGE={registry.name}/docker/library/python:3.13-slim\n")
    assert folder.run().stdout.endswith(f"@{DIGEST}\n")
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim\n")
    assert "has no line ARG PYTHON_IMAGE=" in folder.refused()


def test_a_tag_that_is_not_there_is_told_and_leaves_the_pin_as_it_was(registry: Registry, folder: Folder) -> None:
    folder.pin.write_text("before\n")
    assert "has no such image or tag" in folder.refused(f"{registry.name}/docker/library/python:9.9")
    assert folder.pin.read_text() == "before\n"


def test_no_answer_is_told(folder: Folder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        port = taken.getsockname()[1]
        assert "gives no answer: " in folder.refused(f"127.0.0.1:{port}/python:3.13-slim")


def test_a_registry_that_wants_more_than_a_token_is_told(registry: Registry, folder: Folder) -> None:
    image = f"{registry.name}/docker/library/python:3.13-slim"
    assert "answers 403" in folder.refused(f"{registry.name}/secret:1")
    registry.token_status = 403
    assert "gives no token" in folder.refused(image)
    registry.token_status, registry.token = 200, {}
    assert "something else than a token" in folder.refused(image)
    for challenge in ('Basic realm="people"', 'Bearer realm="file:///etc/passwd"'):
        registry.challenge = challenge
        assert challenge.split()[0] in folder.refused(image)


def test_what_is_no_index_is_not_pinned(registry: Registry, folder: Folder) -> None:
    registry.kind = "text/html"
    assert "has no index of it, but text/html" in folder.refused(f"{registry.name}/docker/library/python:3.13-slim")
    assert not folder.pin.exists()


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("python:3.13-slim", "https://registry-1.docker.io/v2/library/python/manifests/3.13-slim"),
        ("docker.io/library/python:3.13", "https://registry-1.docker.io/v2/library/python/manifests/3.13"),
        ("me/mine:1", "https://registry-1.docker.io/v2/me/mine/manifests/1"),
        (
            "public.ecr.aws/docker/library/python:3.13-slim",
            "https://public.ecr.aws/v2/docker/library/python/manifests/3.13-slim",
        ),
        ("localhost:5000/python:3.13", "http://localhost:5000/v2/python/manifests/3.13"),
    ],
)
def test_names_lead_to_the_registries_that_docker_would_ask(name: str, url: str) -> None:
    assert pin_base.Image.of(name).manifest_url == url


@pytest.mark.parametrize("name", ["python", f"python:3.13@sha256:{'0' * 64}", "a b:1", ""])
def test_a_name_without_a_tag_is_refused(name: str) -> None:
    with pytest.raises(pin_base.PinError, match="is not the name of an image with a tag"):
        pin_base.Image.of(name)


@pytest.mark.parametrize("image", ["python:3.13-slim", "public.ecr.aws/docker/library/python:3.13-slim"])
def test_the_local_engine_builds_upon_a_pinned_image_too(image: str) -> None:
    found = PYTHON.fullmatch(f"{image}@{DIGEST}")
    assert found is not None
    assert found["version"] == "3.13"
