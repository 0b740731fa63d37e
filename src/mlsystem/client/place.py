"""Where a project runs, and what with: told to a person who wants to know what they look at."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from mlsystem.client.connection import Connection

PACKAGES = ("mlsystem", "boto3", "botocore")


@dataclass(frozen=True)
class LocalPlace:
    """Of an engine on this machine."""

    url: str
    home: str
    runtime: str
    time_scale: float


@dataclass(frozen=True)
class Place:
    """`local` None: an account of AWS."""

    target: str
    region: str
    account: str
    partition: str
    versions: tuple[tuple[str, str], ...]
    local: LocalPlace | None


def read_place(connection: Connection) -> Place:
    engine = connection.engine
    local = None
    if engine is not None:
        local = LocalPlace(engine.url, str(connection.home), engine.runtime(), engine.time_scale())
    versions = ((name, found) for name in PACKAGES if (found := _version(name)))
    return Place(
        target=connection.target,
        region=connection.region,
        account=connection.account(),
        partition=connection.partition(),
        versions=(*versions, ("Python", platform.python_version())),
        local=local,
    )


def _version(package: str) -> str:
    """Empty where it is run from a folder that was never installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
