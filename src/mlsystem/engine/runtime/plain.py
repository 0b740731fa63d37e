"""The third runtime: a process of the machine, where nothing can be mounted. Links stand for mounts, and one program has them at a time."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from mlsystem.engine.runtime import root
from mlsystem.engine.runtime.enclosure import Enclosure, ports_of
from mlsystem.engine.runtime.errors import SandboxUnavailable
from mlsystem.engine.runtime.interpreter import SHIM, launcher_command
from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.process import ImageFiles, Mount, ProcessSpec
from mlsystem.engine.runtime.shim import claims
from mlsystem.engine.runtime.shim.plan import Claim


class PlainProcesses:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def enclose(self, spec: ProcessSpec, scratch: Path) -> Enclosure:
        """The launcher, and what the program needs for itself alone."""
        if spec.image is not None and spec.image.is_root:
            raise self._refusal(spec, f"needs {spec.image.folder} at /, as its image brings a root of its own")
        places = {mount.target for mount in spec.mounts}
        of_image = () if spec.image is None else _of_image(spec.image, scratch, places)
        links = {mount.target: mount for mount in (*of_image, *spec.mounts) if str(mount.source) != mount.target}
        for place, mount in sorted(links.items()):
            problem = _problem(place, links)
            if problem:
                raise self._refusal(spec, f"needs {mount.source} at {place}, {problem}")
        return Enclosure(
            launcher_command(str(SHIM.parent)),
            claims=(*(_claim(place, mount) for place, mount in sorted(links.items())), *ports_of(spec)),
        )

    def prepare(self, spec: ProcessSpec, scratch: Path) -> None:
        """A copy of what its image has where programs write: nothing else is its own."""
        if spec.image is not None:
            root.copy_writable(spec.image, scratch)

    def sweep(self, living: Collection[str]) -> None:
        """Every process that needs a place does, of whichever engine."""
        claims.sweep()

    def has_own_network(self, spec: ProcessSpec) -> bool:
        return False

    def _refusal(self, spec: ProcessSpec, why: str) -> SandboxUnavailable:
        return SandboxUnavailable(f"process {spec.id} {why}, which takes a sandbox. {self._machine.sentence}")


def _of_image(image: ImageFiles, scratch: Path, places: set[str]) -> Iterator[Mount]:
    for entry in sorted(image.folder.iterdir()):
        if entry.name in root.WRITABLE:
            # What the machine has itself stays: others use it.
            found = _entries(image.folder, entry, places)
            own = (Mount(scratch / mount.source.relative_to(image.folder), mount.target) for mount in found)
            yield from (mount for mount in own if not os.path.lexists(mount.target))
        elif entry.name not in root.KERNELS:
            yield from _entries(image.folder, entry, places)


def _entries(files: Path, entry: Path, places: set[str]) -> Iterator[Mount]:
    """Whole folders where the machine has none and no mount lies in them, else what is in them."""
    place = Path("/") / entry.relative_to(files)
    if entry.is_symlink():
        behind = root.behind(files, entry, ())
        if behind is not None and os.path.realpath(place) != os.path.realpath(behind):
            yield Mount(behind, str(place))
    elif entry.is_dir() and (_is_machines(place) or any(Path(other).is_relative_to(place) for other in places)):
        for inner in sorted(entry.iterdir()):
            yield from _entries(files, inner, places)
    else:
        yield Mount(entry, str(place))


def _is_machines(folder: Path) -> bool:
    return folder.is_dir() and not claims.is_ours(str(folder))


def _problem(place: str, links: dict[str, Mount]) -> str:
    """Why no link can be made there; "" where it can, or what is there is ours and will go away."""
    outer = next((folder for folder in map(str, Path(place).parents) if folder in links), None)
    if outer is not None:
        return f"within what is a link itself, {outer}"
    if claims.is_ours(place):
        return ""
    if os.path.lexists(place):
        return "where there is something else"
    folder = next(folder for folder in Path(place).parents if folder.is_dir())
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"and {folder} cannot be written"


def _claim(place: str, mount: Mount) -> Claim:
    return {"place": place, "source": str(mount.source), "port": 0}
