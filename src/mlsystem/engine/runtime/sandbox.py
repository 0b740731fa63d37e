"""The first runtime: bubblewrap, a program that shuts one other program into name spaces of its own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from mlsystem.engine.runtime import root
from mlsystem.engine.runtime.enclosure import Enclosure, ports_of
from mlsystem.engine.runtime.interpreter import launcher_command
from mlsystem.engine.runtime.layers import Bind, Devices, Folder, Layer, Link, Memory, Overlay
from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.process import ProcessSpec

_PROBE_SECONDS = 20.0


class Sandbox:
    """Sandboxes for processes whose scratch lies below `folder`. `hidden` are folders of the host that none may show."""

    def __init__(self, machine: Machine, folder: Path, hidden: Sequence[Path]) -> None:
        self._machine = machine
        self._folder = folder
        self._hidden = hidden

    def enclose(self, spec: ProcessSpec, scratch: Path) -> Enclosure:
        """The sandbox and the launcher in it."""
        network = ("--unshare-net",) if self.has_own_network(spec) else ()
        overlay = self._overlay if spec.image is not None else None
        is_overlaid = overlay is not None
        return Enclosure(
            [
                str(overlay or self._machine.bwrap),
                *chain.from_iterable(map(_options, root.layers(spec, scratch, self._hidden, is_overlaid))),
                *self._machine.namespaces(),
                *network,
                *chain.from_iterable(("--remount-ro", place) for place in root.read_only(spec, is_overlaid)),
                *launcher_command(root.LAUNCHER_PARENT, spec.image),
            ],
            claims=() if network else ports_of(spec),
        )

    def prepare(self, spec: ProcessSpec, scratch: Path) -> None:
        """Makes what the sandbox lets its program write."""
        root.prepare_scratch(scratch)
        if spec.image is not None and self._overlay is None:
            root.copy_writable(spec.image, scratch)

    def sweep(self, living: Collection[str]) -> None:
        """A sandbox leaves nothing."""

    def has_own_network(self, spec: ProcessSpec) -> bool:
        """Whether 127.0.0.1 is the program's own."""
        return spec.network == "isolated" and self._machine.own_network

    @cached_property
    def _overlay(self) -> Path | None:
        """The bwrap program that lays one folder over another, where the kernel and the disk of `folder` let it."""
        with tempfile.TemporaryDirectory(prefix=".overlay-", dir=self._folder) as scratch:
            names = [Path(scratch) / name for name in ("upper", "work", "lower")]
            for name in names:
                name.mkdir()
            upper, work, lower = map(str, names)
            over = ["--overlay-src", lower, "--overlay", upper, work, "/var"]
            for program in self._machine.programs:
                command = [str(program), "--ro-bind", "/", "/", *over, *self._machine.namespaces(), "touch", "/var/it"]
                try:
                    done = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=False)
                except (OSError, subprocess.TimeoutExpired):
                    continue
                if done.returncode == 0 and os.path.lexists(f"{upper}/it"):
                    return program
        return None


def _options(layer: Layer) -> tuple[str, ...]:
    """bwrap's, which it applies in their order."""
    match layer:
        case Bind(source, place, read_only):
            return ("--ro-bind" if read_only else "--bind", str(source), place)
        case Link(to, place):
            return ("--symlink", to, place)
        case Folder(place):
            return ("--dir", place)
        case Memory(place):
            return ("--tmpfs", place)
        case Devices(place):
            return ("--dev", place)
        case Overlay(folders, upper, work, place):
            sources = chain.from_iterable(("--overlay-src", str(folder)) for folder in folders)
            return (*sources, "--overlay", str(upper), str(work), place)
