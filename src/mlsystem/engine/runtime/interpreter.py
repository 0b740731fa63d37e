"""Where the engine's own Python lives, which is where a sandbox must have it too.

An interpreter finds its library by its own path, so it is mounted at the path that it has on the host.
"""

import struct
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mlsystem.engine.runtime.process import ImageFiles, Mount

SHIM = Path(__file__).with_name("shim")
# Where a root that is not the host's shows what the engine's own programs in it need of the host.
HOST = "/run/mlsystem/host"
_PT_INTERP = 3
# Such a package is imported without the engine around it, hence under a name of its own.
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from {package}.{module} import main; main({arguments})"
# What speaks to the engine alone needs no TLS: asyncio and http.client would load OpenSSL at each start.
_WITHOUT_TLS = "import sys; sys.modules['ssl'] = None; "


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
    boot = _BOOT.format(package="shim", module="main", arguments="sys.argv[2], int(sys.argv[3])")
    return [*_isolated_python(boot), str(SHIM.parent), str(folder), str(readiness)]


def launcher_command(package_folder: str, image: ImageFiles | None = None) -> list[str]:
    """Runs the launcher, given the folder in which the package `shim` is found; descriptors are to follow."""
    boot = _BOOT.format(package="shim", module="launcher", arguments="*map(int, sys.argv[2:])")
    return [*python_in(image), *_isolated(boot), package_folder]


def container_command() -> list[str]:
    """Runs what stands for a container, in the folder of its process; three descriptors are to follow."""
    boot = _BOOT.format(package="shim", module="container", arguments="*map(int, sys.argv[2:])")
    return [*_isolated_python(boot), str(SHIM.parent)]


def landing_command(package_folder: str, image: ImageFiles | None, path: str) -> list[str]:
    """Runs the launcher, which takes its descriptors from the socket at `path`."""
    boot = _BOOT.format(package="shim", module="landing", arguments="sys.argv[2]")
    return [*python_in(image), *_isolated(boot), package_folder, path]


def python_in(image: ImageFiles | None) -> list[str]:
    """The engine's interpreter, started where a program of that image sees it.

    Inside a root that is not the host's it runs on the host's C library, below `HOST`, and not on that of the image.
    """
    if image is None or not image.is_root:
        return [str(base_interpreter())]
    folders = ":".join(f"{HOST}{folder}" for folder in _library_folders())
    return [f"{HOST}{_loader()}", "--library-path", folders, f"{HOST}{base_interpreter()}"]


@cache
def _loader() -> str:
    """The program that the kernel starts for the interpreter, which one of its ELF segments names; behind every link."""
    with base_interpreter().open("rb") as file:
        head = file.read(4096)
    table, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    for number in range(count):
        kind, _, offset = struct.unpack_from("<IIQ", head, table + number * size)
        if kind == _PT_INTERP:
            (length,) = struct.unpack_from("<Q", head, table + number * size + 32)
            return str(Path(head[offset : offset + length - 1].decode()).resolve())
    return ""


@cache
def _library_folders() -> tuple[str, ...]:
    """Where the libraries lie that the interpreter has loaded, those of its own modules too."""
    __import__("ctypes")
    lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    found = {line.split(maxsplit=5)[5] for line in lines if ".so" in line}
    return tuple(sorted({str(Path(name).parent) for name in found if "-packages/" not in name}))


def package_command(image: ImageFiles | None, folder: Path, *arguments: str) -> tuple[str, ...]:
    """Runs a package of ours that lies in `folder` inside a sandbox of that image, without the engine around it."""
    boot = _WITHOUT_TLS + _BOOT.format(package=folder.name, module="main", arguments="*sys.argv[2:]")
    return (*python_in(image), *_isolated(boot), str(folder.parent), *arguments)


def _isolated_python(boot: str) -> list[str]:
    return [str(base_interpreter()), *_isolated(boot)]


def _isolated(boot: str) -> list[str]:
    """Neither the user's environment nor site-packages: they could break it, and would make it slow to start."""
    return ["-I", "-S", "-c", boot]


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
