"""Where the engine's own Python lives, which is where a sandbox must have it too.

An interpreter finds its library by its own path, so it is mounted at the path that it has on the host.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mlsystem.engine.runtime.process import Mount

SHIM = Path(__file__).with_name("shim")
# The shim's package is imported without the engine around it, hence under a name of its own.
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from shim.{module} import main; main({arguments})"


def base_interpreter() -> Path:
    """The interpreter itself, behind every virtual environment and symbolic link."""
    return Path(sys.executable).resolve()


def mounts_for_interpreter() -> tuple[Mount, ...]:
    """The engine's interpreter and its virtual environment, read-only, for programs that run on the engine's Python."""
    return _mounts((*_base_prefixes(), sys.prefix, str(Path(sys.prefix).resolve())))


def mounts_for_base_interpreter() -> tuple[Mount, ...]:
    """The interpreter without the packages of the engine's virtual environment."""
    return _mounts(_base_prefixes())


def shim_command(folder: Path, readiness: int) -> list[str]:
    """Runs the shim of the process in `folder`; it writes a byte to the descriptor when it has taken the process on."""
    boot = _BOOT.format(module="main", arguments="sys.argv[2], int(sys.argv[3])")
    return [*_isolated_python(boot), str(SHIM.parent), str(folder), str(readiness)]


def launcher_command(package_folder: str) -> list[str]:
    """Runs the launcher, given the folder in which the package `shim` is found; three descriptors are to follow."""
    boot = _BOOT.format(module="launcher", arguments="*map(int, sys.argv[2:])")
    return [*_isolated_python(boot), package_folder]


def _isolated_python(boot: str) -> list[str]:
    """Neither the user's environment nor site-packages: they could break it, and would make it slow to start."""
    return [str(base_interpreter()), "-I", "-S", "-c", boot]


def _base_prefixes() -> Sequence[str]:
    """Where it is installed, also by each name under which a chain of links leads there."""
    prefixes = [sys.base_prefix, str(Path(sys.base_prefix).resolve())]
    link = Path(sys.executable)
    while link.is_symlink():
        link = link.parent / link.readlink()
        if link.parent.name == "bin" and not link.is_relative_to(sys.prefix):
            prefixes.append(str(link.parent.parent))
    return prefixes


def _mounts(prefixes: Sequence[str]) -> tuple[Mount, ...]:
    return tuple(Mount(Path(prefix), prefix) for prefix in dict.fromkeys(prefixes) if prefix != "/")
