"""The SageMaker SDK, in an environment of its own, as the account's user has it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.environments import needed
from tests.live import LiveEngine

PROGRAMS = Path(__file__).with_name("programs.py")
# Nothing listens there: what leaves the machine fails.
NOWHERE = "http://127.0.0.1:9"
USERS_BUCKET = "sdk-of-a-user"
# Without a bucket the SDK asks STS for the account, by its public name whatever AWS_ENDPOINT_URL says.
SETTINGS = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"Session": {"DefaultS3Bucket": USERS_BUCKET}, "TelemetryOptOut": True}}},
}


class Sdk:
    """Runs the functions of programs.py against an engine; `home` is the folder that the SDK takes for the user's own."""

    def __init__(self, engine: LiveEngine, home: Path):
        self._engine = engine
        self._home = home
        self._environment = needed("sagemaker")
        settings = home / ".config" / "sagemaker" / "config.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text(yaml.safe_dump(SETTINGS))

    def run(self, program: str, **given: Any) -> Any:
        """What the function returned, by way of JSON. AssertionError with what it said when it failed."""
        command = [str(self._environment / "bin" / "python"), str(PROGRAMS), program, json.dumps(given)]
        ran = subprocess.run(command, capture_output=True, text=True, env=self._variables(), timeout=300, check=False)
        assert ran.returncode == 0, f"{ran.returncode}: {ran.stdout}{ran.stderr}"
        return json.loads(ran.stdout.splitlines()[-1])

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
