"""The variables that tell a container what to do, and what is wrong with one of them."""

import json
from collections.abc import Mapping
from pathlib import Path

from mlsystem.monitor.errors import ConfigurationError

Settings = Mapping[str, str]


def read_settings(environment: Settings, base: Path) -> Settings:
    """The environment; what it lacks is taken from the job's configuration file. Raises ConfigurationError."""
    path = base / "config" / "processingjobconfig.json"
    if not path.exists():
        return environment
    try:
        configured = json.loads(path.read_text(encoding="utf-8")).get("Environment") or {}
        return {name: str(value) for name, value in configured.items()} | dict(environment)
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def required(settings: Settings, name: str) -> str:
    """A value that must be there."""
    if not settings.get(name):
        raise ConfigurationError(
            f"The environment variable {name} is not set. To run the analyzer by hand, see `python -m mlsystem.monitor -h`"
        )
    return settings[name]


def path_in(settings: Settings, name: str) -> Path | None:
    """A value as a path."""
    return Path(settings[name]) if settings.get(name) else None


def one_of(settings: Settings, name: str, allowed: tuple[str, ...]) -> str:
    """A value among the allowed ones; the first one if it is not there."""
    value = settings.get(name) or allowed[0]
    if value not in allowed:
        raise ConfigurationError(f"The environment variable {name} is {value!r}; allowed: {', '.join(allowed)}")
    return value


def number(settings: Settings, name: str) -> float | None:
    """A value as a number."""
    try:
        found = float(settings[name]) if settings.get(name) else None
    except ValueError as error:
        raise ConfigurationError(
            f"The environment variable {name} is {settings[name]!r}, which is no number"
        ) from error
    return found


def whole_number(settings: Settings, name: str) -> int | None:
    """A value as a number without a fraction."""
    found = number(settings, name)
    if found is not None and not found.is_integer():
        raise ConfigurationError(f"The environment variable {name} is {settings[name]!r}, which is no whole number")
    return None if found is None else int(found)


def window(settings: Settings) -> str | None:
    """The span of time that the data covers, as text for messages."""
    start, end = settings.get("start_time"), settings.get("end_time")
    return f"{start or '?'} to {end or '?'}" if start or end else None
