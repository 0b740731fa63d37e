"""The API answers as `project/openapi.yml` says, whatever it is sent; and who looks would see where it did not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from tests import contract
from tests.environments import needed
from tests.finished import FOLDER_VARIABLE
from tests.small_project import PROJECT

VERBS = {"get", "put", "post", "delete", "options", "head", "patch"}


def test_every_answer_is_one_that_the_document_tells_of(
    finished_state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needed("schemathesis")
    monkeypatch.setenv(FOLDER_VARIABLE, str(finished_state.parent))
    status = contract.main(["--requests", "60", "--seed", "1"])
    told = capsys.readouterr().out
    assert status == 0, told
    counts = {int(answer): int(count) for count, answer in re.findall(r"(\d+) with (\d+)", told)}
    assert {200, 204, 400, 415} <= set(counts)
    assert sum(counts.values()) > 100


class Careless(BaseHTTPRequestHandler):
    """Takes everything, and gives what no document tells of."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._answer(200, b'{"predictions": "none"}')

    def do_OPTIONS(self) -> None:
        self._answer(500, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _careless() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


def test_an_api_that_does_otherwise_is_found_out() -> None:
    needed("schemathesis")
    with _careless() as url:
        held = contract.hold(url, requests=5, seed=1, checks=contract.STRICT_CHECKS)
    # A server error, a missing header, an answer that violates its schema, a request that does and is taken.
    for code in ("ST101", "ST107", "ST108", "ST201"):
        assert code in held.words


def test_the_document_tells_of_what_the_template_makes() -> None:
    document = yaml.safe_load(contract.DOCUMENT.read_text())
    template = yaml.load((PROJECT / "assets" / "deploy-model-prd.yml").read_text(), _Tags)
    made = template["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    assert _methods(document["paths"]) == _methods(made) != {}


def _methods(paths: dict[str, dict[str, object]]) -> dict[str, set[str]]:
    return {path: VERBS & set(item) for path, item in paths.items()}


class _Tags(yaml.SafeLoader):
    """CloudFormation's short forms, which do not matter here."""


_Tags.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
