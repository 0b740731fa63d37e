"""The SageMaker SDK, in an environment of its own, as the account's user has it."""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import yaml

from tests.environments import needed
from tests.live import LiveEngine

PROGRAMS = Path(__file__).with_name("programs.py")
# Nothing listens there: what leaves the machine fails.
NOWHERE = "http://127.0.0.1:9"
USERS_BUCKET = "sdk-of-a-user"
LONGEST_CALL_SECONDS = 300
# Without a bucket the SDK asks STS for the account, by its public name whatever AWS_ENDPOINT_URL says.
SETTINGS = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"Session": {"DefaultS3Bucket": USERS_BUCKET}, "TelemetryOptOut": True}}},
}


class Sdk:
    """Calls the functions of programs.py, all in one process that begins with the first call and ends with `close`.

    `home` is the folder that the SDK takes for the user's own.
    """

    def __init__(self, engine: LiveEngine, home: Path):
        self._engine = engine
        self._home = home
        self._environment = needed("sagemaker")
        self._said = home / "said.txt"
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: IO[bytes] = io.BytesIO()
        settings = home / ".config" / "sagemaker" / "config.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text(yaml.safe_dump(SETTINGS))

    def run(self, program: str, **given: Any) -> Any:
        """What the function returned, by way of JSON. AssertionError with what it said when it failed."""
        process = self._process or self._start()
        said_before = self._said.stat().st_size
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has died, and the answer says so
            process.stdin.write(json.dumps({"program": program, "given": given}).encode() + b"\n")
            process.stdin.flush()
        answer = self._answer(process)
        said = self._said.read_bytes()[said_before:].decode(errors="replace")
        assert "result" in answer, f"{program}: {said}{answer['error']}"
        return answer["result"]

    def close(self) -> None:
        """Ends the process, if there is one; the next call begins another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate()
        self._answers.close()

    def _start(self) -> subprocess.Popen[bytes]:
        reading, writing = os.pipe()
        command = [str(self._environment / "bin" / "python"), str(PROGRAMS), str(writing)]
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=said, stderr=said, env=self._variables(), pass_fds=[writing]
            )
        os.close(writing)
        self._answers = os.fdopen(reading, "rb")
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        if not select.select([self._answers], [], [], LONGEST_CALL_SECONDS)[0]:
            self.close()
            return {"error": f"no answer in {LONGEST_CALL_SECONDS} seconds"}
        line = self._answers.readline()
        if not line:
            self.close()
            return {"error": f"it ended with {process.returncode}"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _variables(self) -> dict[str, str]:
        root = self._engine.credentials()
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "AWS_ENDPOINT_URL": self._engine.url,
            "AWS_DEFAULT_REGION": root["region"],
            "AWS_ACCESS_KEY_ID": root["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": root["secret_access_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "HTTPS_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1",
            "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        }
