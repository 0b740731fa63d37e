"""What shuts programs in: the contract of the three runtimes, which one suite of tests asks of each (tests/engine/test_runtimes.py).

A runtime only says how: the shim carries it out, so that an engine may end, and another one with another runtime may take over what runs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlsystem.engine.runtime.errors import InvalidProcess
from mlsystem.engine.runtime.interpreter import SHIM, launcher_command
from mlsystem.engine.runtime.process import ProcessSpec
from mlsystem.engine.runtime.shim.plan import Claim, Container


@dataclass(frozen=True, slots=True)
class Enclosure:
    """`command` starts the launcher, or a container with the launcher in it; `claims` are the program's alone while it runs."""

    command: list[str]
    container: Container | None = None
    claims: tuple[Claim, ...] = ()


class Runtime(Protocol):
    """Safe to use from several threads."""

    def enclose(self, spec: ProcessSpec, scratch: Path) -> Enclosure:
        """How the program is to be started; nothing is done yet.

        Raises:
            SandboxUnavailable: it needs what this runtime cannot give. The message says what, and what to do.
        """

    def prepare(self, spec: ProcessSpec, scratch: Path) -> None:
        """Makes what the program may write, and whatever else must be there before the shim starts it."""

    def sweep(self, living: Collection[str]) -> None:
        """Removes what processes left that are not among the living, and whose folders are gone: nobody else looks after it."""

    def has_own_network(self, spec: ProcessSpec) -> bool:
        """Whether 127.0.0.1 is the program's own."""


def ports_of(spec: ProcessSpec) -> tuple[Claim, ...]:
    """What a program without a network of its own must have for itself."""
    if spec.inbound is None or not spec.inbound.port:
        return ()
    return ({"place": "", "source": "", "port": spec.inbound.port},)


def on_the_host(spec: ProcessSpec) -> Enclosure:
    """Of what is no user's program. Raises InvalidProcess where it wants another file system than the host's."""
    if spec.image is not None or any(str(mount.source) != mount.target for mount in spec.mounts):
        raise InvalidProcess(f"process {spec.id} is to run on the host, where nothing is mounted for it")
    return Enclosure(launcher_command(str(SHIM.parent)))
