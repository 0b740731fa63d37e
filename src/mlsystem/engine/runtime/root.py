"""What a program that is shut in sees as its file system, as layers.

The root is put together from what a program may see, rather than the host's with parts hidden: what nobody thought of
stays outside. It is the host's system with the image's files over it, or the image's own where that is a whole root.
Whatever is writable without a mount lies in the process's scratch folder, on disk and not in memory.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path

from mlsystem.bubblewrap import SECRET_FILES, SECRET_FOLDERS, SYSTEM, mounts_below
from mlsystem.engine.runtime.interpreter import HOST, SHIM, mounts_for_base_interpreter
from mlsystem.engine.runtime.layers import Bind, Devices, Folder, Layer, Link, Memory, Overlay
from mlsystem.engine.runtime.process import ImageFiles, Mount, ProcessSpec
from mlsystem.engine.runtime.shim import claims
from mlsystem.image_tree import locate

LAUNCHER_PARENT = "/run/mlsystem"
_SYSTEM = (*SYSTEM, Path("/sys"))
# What the engine's interpreter may need of the host inside a root that is not the host's.
_LIBRARIES = tuple(map(Path, ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/nix")))
_SECRETS = (*SECRET_FILES, *SECRET_FOLDERS)
_NAMES = ("/etc/hosts", "/etc/resolv.conf")
_RESOLVER = Path("/run/systemd/resolve")  # where /etc/resolv.conf often leads
WRITABLE = ("tmp", "var", "home", "root")
_VAR = ("tmp", "log", "lib", "cache")
KERNELS = ("dev", "proc", "sys", "run")

Layers = Iterator[Layer]


def layers(spec: ProcessSpec, scratch: Path, hidden: Sequence[Path], is_overlaid: bool) -> Layers:
    """Later ones lie over earlier ones."""
    mounts = sorted(_inside_of(spec.image, spec.mounts), key=lambda mount: len(Path(mount.target).parts))
    if spec.image is not None and spec.image.is_root:
        yield from _root_of_image(spec.image.folder, scratch, mounts, is_overlaid)
    else:
        yield from _root_of_host(spec.image, scratch, mounts, hidden, is_overlaid)
    yield from map(_bind, mounts)
    yield Bind(SHIM, f"{LAUNCHER_PARENT}/{SHIM.name}")


def prepare_scratch(scratch: Path) -> None:
    """Makes what every program may write."""
    for name in WRITABLE:
        (scratch / name).mkdir(parents=True, exist_ok=True)
    for name in _VAR:
        (scratch / "var" / name).mkdir(exist_ok=True)
    with suppress(FileExistsError):
        (scratch / "var" / "run").symlink_to("/run")
    for temporary in (scratch / "tmp", scratch / "var" / "tmp"):
        temporary.chmod(0o1777)


def _inside_of(image: ImageFiles | None, mounts: Iterable[Mount]) -> Iterator[Mount]:
    """Each where its target lies behind the links of the image, which would be followed out to the host."""
    for mount in mounts:
        yield mount if image is None else replace(mount, target=_behind_links(image.folder, mount.target))


def _behind_links(files: Path, target: str) -> str:
    return f"/{locate(files, target).relative_to(files)}"


def copy_writable(image: ImageFiles, scratch: Path) -> None:
    """What the image has where its program may write, for a machine that lays nothing over anything."""
    for name in WRITABLE:
        if _is_folder(image.folder / name):
            shutil.copytree(image.folder / name, scratch / name, symlinks=True, dirs_exist_ok=True)


# ---------------------------------------------------------------------- over the host's root


def _root_of_host(
    image: ImageFiles | None, scratch: Path, mounts: Sequence[Mount], hidden: Sequence[Path], is_overlaid: bool
) -> Layers:
    laid_over: list[Path] = []
    joined: dict[Path, list[Path]] = {}
    over: list[Mount] = []
    if image is not None:
        if is_overlaid:
            laid_over = [path for path in _SYSTEM if _is_laid_over(image, path)]
            joined = _joined(image)
        others = (*laid_over, *chain.from_iterable(joined.values()))
        over = sorted(_over_host(image.folder, others, hidden), key=lambda mount: len(mount.target))
    targets = [Path(mount.target) for mount in (*over, *mounts)]
    for path in _SYSTEM:
        if image is not None and path in laid_over:
            yield from _overlay((path, image.folder / path.name), scratch, path.name)
        else:
            yield from _expose(path, path, targets)
    if image is not None:
        yield from _meeting(image, joined, scratch)
    for secret in filter(Path.exists, _SECRETS):
        yield Memory(str(secret)) if secret.is_dir() else Bind(Path(os.devnull), str(secret))
    yield Devices()
    yield Memory("/run")
    if _RESOLVER.exists():
        yield Bind(_RESOLVER, str(_RESOLVER))
    yield from _writable(image, scratch, is_overlaid)
    yield from _interpreter(hidden)
    yield from map(_bind, over)


def _is_laid_over(image: ImageFiles, path: Path) -> bool:
    """Whether both have that folder; where the host's is a link, or something is mounted in it, the image's files are shown one by one."""
    return _is_folder(path) and _is_folder(image.folder / path.name) and not mounts_below(path)


def _joined(image: ImageFiles) -> dict[Path, list[Path]]:
    """Of the host's links, such as /bin, those that are folders in the image, by the folder behind them: there the files of all meet."""
    found: dict[Path, list[Path]] = {}
    for path in _SYSTEM:
        if path.is_symlink() and path.is_dir() and _is_folder(image.folder / path.name):
            found.setdefault(path.resolve(), []).append(path)
    return {folder: links for folder, links in found.items() if not mounts_below(folder)}


def _meeting(image: ImageFiles, joined: Mapping[Path, Sequence[Path]], scratch: Path) -> Layers:
    for folder, links in joined.items():
        own = [image.folder / place.relative_to("/") for place in (folder, *links)]
        yield from _overlay((folder, *filter(_is_folder, own)), scratch, str(folder.relative_to("/")))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _writable(image: ImageFiles | None, scratch: Path, is_overlaid: bool) -> Layers:
    for name in WRITABLE:
        if is_overlaid and image is not None and _is_folder(image.folder / name):
            yield from _overlay((image.folder / name,), scratch, name, scratch / name)
        else:
            yield Bind(scratch / name, f"/{name}", read_only=False)


def _interpreter(hidden: Sequence[Path]) -> Layers:
    mounts = [mount for mount in mounts_for_base_interpreter() if not _is_below(Path(mount.target), _SYSTEM)]
    yield from map(_bind, mounts)
    shown = (*_SYSTEM, *(mount.source for mount in mounts))
    for path in hidden:
        if _is_below(path, shown):
            yield Memory(str(path))


def _over_host(files: Path, laid_over: Sequence[Path], hidden: Sequence[Path]) -> Iterator[Mount]:
    """The image's files over the host's: whole folders where the host has none, single entries where it has."""
    others = (*WRITABLE, *KERNELS, *(path.name for path in laid_over))
    for entry in sorted(files.iterdir()):
        if entry.name not in others:
            yield from _entry_over_host(files, entry, hidden)


def _entry_over_host(files: Path, entry: Path, hidden: Sequence[Path]) -> Iterator[Mount]:
    place = Path("/") / entry.relative_to(files)
    place = place.parent.resolve() / place.name  # bwrap makes nothing below a link
    if entry.is_symlink():
        found = behind(files, entry, hidden)
        if found is not None:
            yield Mount(found, str(place))
    elif entry.is_dir() and place.is_dir():
        for inner in sorted(entry.iterdir()):
            yield from _entry_over_host(files, inner, hidden)
    else:
        yield Mount(entry, str(place))


def behind(files: Path, link: Path, hidden: Sequence[Path]) -> Path | None:
    """What a link of the image leads to: a file of the image, else of what is shown of the host; None where it leads nowhere."""
    try:
        own = locate(files, link.relative_to(files).as_posix())
    except OSError:  # it leads in a circle
        return None
    if own.exists():
        return own
    host = (Path("/") / own.relative_to(files)).resolve()
    shown = (*_SYSTEM, *(path.resolve() for path in _SYSTEM), *(one.source for one in mounts_for_base_interpreter()))
    is_shown = _is_below(host, shown) and not _is_below(host, (*_SECRETS, *hidden))
    # A folder may hold what is not shown.
    is_shown = is_shown and not any(path.is_relative_to(host) for path in (*_SECRETS, *hidden))
    return host if is_shown and host.exists() else None


# ---------------------------------------------------------------------- the image's own root


def _root_of_image(files: Path, scratch: Path, mounts: Sequence[Mount], is_overlaid: bool) -> Layers:
    if is_overlaid:
        yield from _overlay((files,), scratch, "")
        yield Bind(scratch / "tmp", "/tmp", read_only=False)  # noqa: S108 - inside of the sandbox
    else:
        targets = [Path(mount.target) for mount in mounts] + [Path(_behind_links(files, name)) for name in _NAMES]
        for entry in sorted(files.iterdir()):
            if entry.name not in (*WRITABLE, *KERNELS):
                yield from _expose(entry, Path("/") / entry.name, targets)
        yield from (Bind(scratch / name, f"/{name}", read_only=False) for name in WRITABLE)
    yield Bind(Path("/sys"), "/sys")
    yield Devices()
    yield Memory("/run")
    for name in filter(os.path.exists, _NAMES):
        yield Bind(Path(os.path.realpath(name)), _behind_links(files, name))
    for library in _LIBRARIES:
        yield from _expose(library, Path(f"{HOST}{library}"), ())
    for mount in mounts_for_base_interpreter():
        if not _is_below(Path(mount.target), _LIBRARIES):
            yield Bind(mount.source, f"{HOST}{mount.target}")


# ---------------------------------------------------------------------- both


def _overlay(layers: Sequence[Path], scratch: Path, name: str, upper: Path | None = None) -> Layers:
    """Folders over one another, the last on top, at `/name`; what is made there lands in `upper`."""
    own = scratch / "overlay" / (name or "root")
    for folder in (own / "upper", own / "work"):
        folder.mkdir(parents=True, exist_ok=True)
    yield Overlay(tuple(layers), upper or own / "upper", own / "work", f"/{name}")


def read_only(spec: ProcessSpec, is_overlaid: bool) -> Iterator[str]:
    """What is made read-only when every layer has its place; of an image's own root, laid over, nothing is."""
    if not is_overlaid or spec.image is None:
        yield "/"
    elif not spec.image.is_root:
        laid_over = [path for path in _SYSTEM if _is_laid_over(spec.image, path)]
        yield from map(str, (*_joined(spec.image), *laid_over, Path("/")))


def _expose(source: Path, place: Path, targets: Sequence[Path]) -> Layers:
    """Shows a folder; opened up, entry by entry, where a missing target has to be made below it."""
    if source.is_symlink():
        yield Link(str(source.readlink()), str(place))
    elif (
        any(place in target.parents and not _is_there(source, place, target) for target in targets) and source.is_dir()
    ):
        yield Folder(str(place))
        for entry in sorted(source.iterdir()):
            if not claims.is_ours(str(entry)):  # a program without a sandbox has it, and takes it away again
                yield from _expose(entry, place / entry.name, targets)
    elif source.exists():
        yield Bind(source, str(place))


def _is_there(source: Path, place: Path, target: Path) -> bool:
    """For good: a program without a sandbox takes its links away again."""
    return (source / target.relative_to(place)).exists() and not claims.is_ours(str(target))


def _bind(mount: Mount) -> Bind:
    return Bind(mount.source, mount.target, mount.read_only)


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
