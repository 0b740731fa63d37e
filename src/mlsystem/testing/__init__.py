"""For the tests of other projects: pytest fixtures with an engine of their own, that answers AWS's API on this machine.

In the conftest.py at the root of your tests:

    pytest_plugins = ["mlsystem.testing"]

docs/testing.md says what there is.
"""

from mlsystem.testing.fixtures import aws_client, aws_engine, aws_environment, pytest_addoption
from mlsystem.testing.local_engine import Engine, engine_on

__all__ = ["Engine", "aws_client", "aws_engine", "aws_environment", "engine_on", "pytest_addoption"]
