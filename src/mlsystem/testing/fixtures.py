"""The fixtures and the setting of the pytest plugin."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from mlsystem.testing.local_engine import Engine, engine_on

TIME_SCALE = "aws_engine_time_scale"
KEYS_VARIABLE = "MLSYSTEM_KEYS"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(TIME_SCALE, "divide the durations of the fixture aws_engine by this", default="1")


@pytest.fixture(scope="session")
def aws_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One for all tests of this process. What they make stays until the end: name things apart."""
    written = str(request.config.getini(TIME_SCALE))
    try:
        scale = float(written)
    except ValueError:
        raise pytest.UsageError(f"{TIME_SCALE} = {written}: expected a number") from None
    with pytest.MonkeyPatch.context() as patch:
        # Its folder is thrown away, and so its key is not to stay with those of this user.
        patch.setenv(KEYS_VARIABLE, str(tmp_path_factory.mktemp("aws-keys")))
        with engine_on(tmp_path_factory.mktemp("aws-engine"), scale) as engine:
            yield engine


@pytest.fixture
def aws_environment(aws_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of this test, and of programs that it starts: AWS's clients that are made in it speak to the engine alone."""
    environment = aws_engine.environment()
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # boto3.client() keeps the session that it made first, with the environment of that time.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return environment


@pytest.fixture
def aws_client(aws_engine: Engine) -> Callable[[str], Any]:
    """boto3 clients of the engine, by the names of their services."""
    return aws_engine.client
