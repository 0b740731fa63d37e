"""The locked requirements: every package that this project ships or runs, which lock has it, and what needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What runs at a user's, or goes into an image or a wheel; of the others only tests and packaging need something.
SHIPPED = (
    "requirements/runtime.txt",
    "requirements/console_assets.txt",
    "src/mlsystem/monitor/requirements.txt",
    "src/mlsystem/client/images/libraries.txt",
    "project/container/code/requirements.txt",
    "project/container/code/requirements-lambda.txt",
    "project/container/code/requirements-mlflow.txt",
)
# Of an extra, that is: of what a user may install beside.
OPTIONAL = ("requirements/mlflow.txt",)

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")


@dataclass(frozen=True, order=True)
class Package:
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class Pin:
    """A package in a lock; `needed_by` are names of packages in the same lock. `text` is its entry, with hashes and marker."""

    package: Package
    lock: str
    needed_by: tuple[str, ...]
    text: str


def locks(root: Path = ROOT) -> list[str]:
    """Paths of all of them, in the repository."""
    found = [*root.glob("requirements/*.txt"), *root.glob("project/container/code/requirements*.txt")]
    return sorted({*(path.relative_to(root).as_posix() for path in found), *SHIPPED})


def pins(root: Path = ROOT) -> list[Pin]:
    return [pin for lock in locks(root) for pin in read_lock(lock, (root / lock).read_text())]


def read_lock(lock: str, text: str) -> Iterator[Pin]:
    """Raises ValueError for an entry that is no pin: nobody could say what it is."""
    entries: list[list[str]] = []
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and entries:
            entries[-1].append(line)
        elif line and not line.startswith("#"):
            entries.append([line])
    for first, *rest in entries:
        found = _PIN.match(first)
        if found is None:
            raise ValueError(f"{lock}: {first!r} is not locked to a version")
        package = Package(normalized(found["name"]), found["version"])
        yield Pin(package, lock, tuple(_needed_by(rest)), "\n".join([first, *rest]))


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _needed_by(lines: list[str]) -> Iterator[str]:
    """What uv writes behind an entry: `# via NAME`, or a name a line."""
    comments = [line.strip().lstrip("# ") for line in lines if line.strip().startswith("#")]
    for comment in comments:
        word = comment.removeprefix("via").strip() if comment.startswith("via") else comment
        if word and not word.startswith("-"):
            yield normalized(word.partition("[")[0])
