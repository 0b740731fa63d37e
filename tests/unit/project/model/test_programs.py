"""The two programs of the build, as the buildspec starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from tests.aws.project import PROJECT, VARIABLES

BUCKET = VARIABLES["ARTIFACT_BUCKET"]


class Storage(ThreadingHTTPServer):
    """An S3 that knows HEAD and PUT of objects."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), StorageRequest)
        self.objects: dict[str, bytes] = {}


class StorageRequest(BaseHTTPRequestHandler):
    server: Storage

    def do_HEAD(self) -> None:
        self._answer(200 if self.path in self.server.objects else 404)

    def do_PUT(self) -> None:
        self.server.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def storage() -> Iterator[Storage]:
    server = Storage()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={**environment, "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_templates_are_packaged_from_the_command_line(tmp_path: Path) -> None:
    with storage() as server:
        done = run(
            "model/package.py",
            "--output",
            str(tmp_path),
            "custom_resource/sagemaker-custom-resource.yml",
            "assets/deploy-model-prd.yml",
            AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{server.server_port}",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            **VARIABLES,
        )
    assert done.returncode == 0, done.stderr
    assert len(server.objects) == 3  # the folders of code
    addresses = [f"s3:/{path}" for path in server.objects]
    for name in ("sagemaker-custom-resource.yml", "deploy-model-prd.yml"):
        text = (tmp_path / name).read_text()
        assert yaml.compose(text) is not None
        assert any(address in text for address in addresses)


def test_the_last_line_of_a_failed_build_is_its_reason(tmp_path: Path) -> None:
    for program, arguments in (("run_pipeline.py", []), ("package.py", ["assets/deploy-model-prd.yml"])):
        done = run(f"model/{program}", "--output", str(tmp_path), *arguments)
        assert done.returncode == 1
        reason = done.stderr.splitlines()[-1]
        assert reason == "error: environment variable PIPELINE_NAME is missing; pipeline.yml sets it" + (
            " for CodeBuild" if program == "run_pipeline.py" else ""
        )
