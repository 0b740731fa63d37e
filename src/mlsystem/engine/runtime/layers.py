"""Of what the file system of a program is put together, whoever mounts it: a sandbox or a container engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of the host."""

    source: Path
    place: str
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    to: str
    place: str


@dataclass(frozen=True, slots=True)
class Folder:
    """An empty one, for what comes to lie in it."""

    place: str


@dataclass(frozen=True, slots=True)
class Memory:
    """An empty folder in memory; it hides what was there."""

    place: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """Folders over one another, the last on top; what is written lands in `upper`, beside which `work` is the kernel's."""

    folders: tuple[Path, ...]
    upper: Path
    work: Path
    place: str


@dataclass(frozen=True, slots=True)
class Devices:
    """/dev, with the devices that harm nobody."""

    place: str = "/dev"


Layer = Bind | Link | Folder | Memory | Overlay | Devices
