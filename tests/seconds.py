"""How long each group of tests took. Several test processes work side by side, so that their seconds are more than the clock's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

# Names the file; without it nothing is written down.
FILE_VARIABLE = "MLSYSTEM_TEST_SECONDS"
CRASHES = "crash tests"


def group_of(test: str) -> str:
    """Of a test by its id: its folder, but for those that kill engines."""
    path = Path(test.partition("::")[0])
    return CRASHES if "kill_points" in path.name else path.parts[1]


def by_group(durations: Iterable[tuple[str, float]]) -> dict[str, float]:
    """From ids of tests and seconds, where a test comes several times: its fixtures count as well."""
    found: dict[str, float] = {}
    for test, seconds in durations:
        found[group_of(test)] = found.get(group_of(test), 0.0) + seconds
    return found


def append(file: Path, seconds: Mapping[str, float]) -> None:
    with file.open("a") as lines:
        lines.writelines(f"{value:.1f} {group}\n" for group, value in seconds.items())


def table(lines: Iterable[str]) -> str:
    """Of a file's lines, the groups in the order in which they came."""
    found: dict[str, float] = {}
    for line in lines:
        value, _, group = line.strip().partition(" ")
        found[group] = found.get(group, 0.0) + float(value)
    rows = [f"{group:16}{value:8.0f} s" for group, value in found.items()]
    return "\n".join(["seconds by group of tests", *rows, f"{'together':16}{sum(found.values()):8.0f} s"])
