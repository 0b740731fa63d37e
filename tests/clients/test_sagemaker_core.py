"""sagemaker-core, on which version 3 of the SageMaker SDK stands, does a day's work with the settings of `mlsystem env` alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.workplace import Workplace
from tests.environments import needed

SESSION = Path(__file__).with_name("core_session.py")


@pytest.fixture(scope="module")
def seen(workplace: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the session has seen."""
    home = tmp_path_factory.mktemp("home")
    command = [str(needed("sagemaker_core") / "bin" / "python"), str(SESSION)]
    done = subprocess.run(
        command, cwd=home, capture_output=True, text=True, env=workplace.environment(home), check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return {**json.loads((home / "seen.json").read_text()), "said": done.stdout + done.stderr}


def test_jobs_are_created_awaited_with_their_logs_and_listed(seen: Any, workplace: Workplace) -> None:
    prefix = f"core-{workplace.name}"
    assert seen["process"] == {"status": "Completed", "made": "A,1\nB,2\n"}
    training = seen["training"]
    assert training["found"] == [f"{prefix}-1", f"{prefix}-2"]
    assert training["failed"] == []
    assert training["parameters"] == {"rounds": "2"}
    assert training["tags"] == {"round": "2"}
    assert training["artifact"] == f"s3://{workplace.name}/core/models/{prefix}-2/output/model.tar.gz"
    assert seen["transform"] == {"status": "Completed", "scores": "3.0\n7.0\n"}
    for line in ("train.csv has 2 lines", "trained 2 rounds on 2 rows"):
        assert line in seen["said"]


def test_an_endpoint_is_created_asked_updated_and_deleted(seen: Any, workplace: Workplace) -> None:
    prefix = f"core-{workplace.name}"
    serve = seen["serve"]
    assert (serve["answer"], serve["type"], serve["count"]) == ("3.0\n7.0", "text/csv", 2)
    assert (serve["listed"], serve["configs"]) == ([prefix], [f"{prefix}-1", f"{prefix}-2"])
    assert seen["clear"]["left"] == []
    assert "Could not find endpoint" in seen["clear"]["refusal"]


def test_a_version_in_the_model_registry_is_read(seen: Any, workplace: Workplace) -> None:
    register, given = seen["register"], workplace.given
    assert register == {"version": 1, "image": given["IMAGE"], "groups": [f"core-{workplace.name}"]}
