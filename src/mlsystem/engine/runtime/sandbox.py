"""The command that shuts one program into its sandbox.

The root is put together from what a program may see, rather than the host's with parts hidden: what nobody thought of
stays outside. Whatever is writable without a mount lies in the process's scratch folder, on disk and not in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from mlsystem.engine.runtime.errors import SandboxUnavailable
from mlsystem.engine.runtime.interpreter import SHIM, launcher_command, mounts_for_base_interpreter
from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.process import Mount, ProcessSpec

_SYSTEM = tuple(
    map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/sys"))
)
# The program has the engine's user behind it, who may read them.
_SECRETS = tuple(
    map(Path, ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/ssh", "/etc/ssl/private"))
)
_RESOLVER = "/run/systemd/resolve"  # where /etc/resolv.conf often leads
_WRITABLE = ("tmp", "var", "home", "root")
_VAR = ("tmp", "log", "lib", "cache")
_LAUNCHER_PARENT = "/run/mlsystem"


def command(spec: ProcessSpec, machine: Machine, scratch: Path, hidden: Sequence[Path]) -> list[str]:
    """The sandbox and the launcher in it.

    Raises:
        SandboxUnavailable: the process needs what this machine refuses.
    """
    if spec.sandbox == "host" or machine.bwrap is None:
        _refuse_mounts(spec, machine)
        return launcher_command(str(SHIM.parent))
    network = ("--unshare-net",) if has_own_network(spec, machine) else ()
    return [
        str(machine.bwrap),
        *chain.from_iterable(_root(spec, scratch, hidden)),
        *machine.namespaces(),
        *network,
        "--remount-ro",
        "/",
        *launcher_command(_LAUNCHER_PARENT),
    ]


def has_own_network(spec: ProcessSpec, machine: Machine) -> bool:
    """Whether 127.0.0.1 is the program's own."""
    return spec.sandbox == "sandboxed" and spec.network == "isolated" and machine.own_network


def prepare_scratch(scratch: Path) -> None:
    """Makes what the sandbox lets its program write."""
    for name in _WRITABLE:
        (scratch / name).mkdir(parents=True, exist_ok=True)
    for name in _VAR:
        (scratch / "var" / name).mkdir(exist_ok=True)
    with suppress(FileExistsError):
        (scratch / "var" / "run").symlink_to("/run")
    for temporary in (scratch / "tmp", scratch / "var" / "tmp"):
        temporary.chmod(0o1777)


def _refuse_mounts(spec: ProcessSpec, machine: Machine) -> None:
    for mount in spec.mounts:
        if str(mount.source) != mount.target:
            raise SandboxUnavailable(
                f"process {spec.id} needs {mount.source} at {mount.target}, which takes a sandbox. {machine.sentence}"
            )


def _root(spec: ProcessSpec, scratch: Path, hidden: Sequence[Path]) -> Iterator[tuple[str, ...]]:
    """bwrap's options in the order in which it applies them: later ones lie over earlier ones."""
    mounts = sorted(spec.mounts, key=lambda mount: len(Path(mount.target).parts))
    targets = [Path(mount.target) for mount in mounts]
    for system in _SYSTEM:
        yield from _expose(system, targets)
    for secret in filter(Path.exists, _SECRETS):
        yield ("--tmpfs", str(secret)) if secret.is_dir() else ("--ro-bind", "/dev/null", str(secret))
    yield ("--dev", "/dev")
    yield ("--tmpfs", "/run")
    yield ("--ro-bind-try", _RESOLVER, _RESOLVER)
    for name in _WRITABLE:
        yield ("--bind", str(scratch / name), f"/{name}")
    interpreter = [mount for mount in mounts_for_base_interpreter() if not _is_below(Path(mount.target), _SYSTEM)]
    yield from map(_bind, interpreter)
    shown = (*_SYSTEM, *(mount.source for mount in interpreter))
    for path in hidden:
        if _is_below(path, shown):
            yield ("--tmpfs", str(path))
    yield from map(_bind, mounts)
    yield ("--ro-bind", str(SHIM), f"{_LAUNCHER_PARENT}/{SHIM.name}")


def _expose(path: Path, targets: Sequence[Path]) -> Iterator[tuple[str, ...]]:
    """Shows a folder of the host; opened up, entry by entry, where a missing target has to be made below it."""
    if path.is_symlink():
        yield ("--symlink", str(path.readlink()), str(path))
    elif any(path in target.parents and not target.exists() for target in targets) and path.is_dir():
        yield ("--dir", str(path))
        for entry in sorted(path.iterdir()):
            yield from _expose(entry, targets)
    elif path.exists():
        yield ("--ro-bind", str(path), str(path))


def _bind(mount: Mount) -> tuple[str, ...]:
    return ("--ro-bind" if mount.read_only else "--bind", str(mount.source), mount.target)


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
