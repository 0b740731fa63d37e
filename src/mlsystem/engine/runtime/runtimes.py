"""Which of the three runtimes a machine has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlsystem.engine.runtime.containers import Containers
from mlsystem.engine.runtime.enclosure import Runtime
from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.plain import PlainProcesses
from mlsystem.engine.runtime.sandbox import Sandbox


def runtime_of(machine: Machine, folder: Path, hidden: Sequence[Path]) -> Runtime:
    """For processes whose folders lie in `folder`; `hidden` are folders that no program may see, where that can be."""
    match machine.kind:
        case "sandbox":
            return Sandbox(machine, folder, hidden)
        case "docker":
            assert machine.docker is not None
            return Containers(machine.docker, folder, hidden)
        case "plain":
            return PlainProcesses(machine)
