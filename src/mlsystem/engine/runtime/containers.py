"""The second runtime: a container of a Docker engine for each program, with the same files in it as a sandbox has.

Nothing is loaded into Docker, where images would lie a second time: a container begins with a skeleton, which has links and empty folders
alone, and all that is in it is mounted. Its first process is the launcher, on the host's interpreter.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlsystem import bubblewrap
from mlsystem.engine.runtime import root
from mlsystem.engine.runtime.cgroup import most_processes
from mlsystem.engine.runtime.enclosure import Enclosure
from mlsystem.engine.runtime.interpreter import container_command, landing_command
from mlsystem.engine.runtime.layers import Bind, Devices, Folder, Layer, Link, Memory, Overlay
from mlsystem.engine.runtime.machine import Docker
from mlsystem.engine.runtime.process import ProcessSpec
from mlsystem.engine.runtime.shim.container import FOLDER, IMAGE, SOCKET
from mlsystem.engine.runtime.shim.daemon import Daemon, DaemonError
from mlsystem.engine.runtime.usage import machine_memory_bytes

FOLDER_LABEL, PROCESS_LABEL = "mlsystem.processes", "mlsystem.process"
_HANDOVER = f"{root.LAUNCHER_PARENT}/{FOLDER}"
# Made by Docker: those of the host would show other name spaces.
_OF_DOCKER = ("/proc", "/sys", "/dev")
# Docker mounts files of its own there, unless others are.
_NAMES = ("/etc/hosts", "/etc/resolv.conf", "/etc/hostname")
_SPECIAL = frozenset(",:\\")  # in the options of an overlay
_NANO = 1_000_000_000

log = logging.getLogger(__name__)


class Containers:
    """Containers for processes whose folders lie in `folder`. `hidden` are folders of the host that none may show."""

    def __init__(self, docker: Docker, folder: Path, hidden: Sequence[Path]) -> None:
        self._docker = docker
        self._folder = folder
        self._hidden = hidden

    def enclose(self, spec: ProcessSpec, scratch: Path) -> Enclosure:
        """What Docker is asked for, by the program that stands for the container."""
        view = View(self._layers(spec, scratch), tuple(root.read_only(spec, self._is_overlaid(spec))))
        skeleton = view.skeleton()
        tag = hashlib.sha256(repr(skeleton).encode()).hexdigest()[:32]
        return Enclosure(
            container_command(),
            container={
                "socket": str(self._docker.socket),
                "name": container_name(self._folder, spec.id),
                "skeleton": skeleton,
                "request": self._request(spec, view, f"{IMAGE}:{tag}"),
                "keeps_memory": self._docker.keeps_memory and spec.memory_limit_bytes is not None,
            },
        )

    def prepare(self, spec: ProcessSpec, scratch: Path) -> None:
        """Makes what the program may write, and in what it may not the places of mounts."""
        root.prepare_scratch(scratch)
        (scratch.parent / FOLDER).mkdir(mode=0o700, exist_ok=True)
        if spec.image is not None and not self._is_overlaid(spec):
            root.copy_writable(spec.image, scratch)
        View(self._layers(spec, scratch), ()).make_places(scratch)

    def sweep(self, living: Collection[str]) -> None:
        """Containers that Docker did not remove when it was asked to."""
        try:
            _remove(Daemon(str(self._docker.socket)), self._folder, living)
        except DaemonError as error:
            log.warning("containers may be left: %s", error)

    def has_own_network(self, spec: ProcessSpec) -> bool:
        """Whether 127.0.0.1 is the program's own."""
        return spec.network == "isolated"

    def _is_overlaid(self, spec: ProcessSpec) -> bool:
        return (
            spec.image is not None
            and self._docker.is_overlaid
            and _SPECIAL.isdisjoint(f"{self._folder}{spec.image.folder}")
        )

    def _layers(self, spec: ProcessSpec, scratch: Path) -> Iterator[Layer]:
        yield from root.layers(spec, scratch, self._hidden, self._is_overlaid(spec))
        yield Bind(scratch.parent / FOLDER, _HANDOVER)

    def _request(self, spec: ProcessSpec, view: View, image: str) -> dict[str, Any]:
        """https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerCreate

        Labels of SELinux would have to be written on the host's own files.
        """
        limits: dict[str, Any] = {}
        if spec.memory_limit_bytes is not None and self._docker.keeps_memory:
            limits = {"Memory": spec.memory_limit_bytes, "MemorySwap": spec.memory_limit_bytes}
        if spec.cpu_limit is not None and spec.cpu_limit < (os.cpu_count() or 1):
            limits["NanoCpus"] = spec.cpu_limit * _NANO
        return {
            "Image": image,
            "Entrypoint": landing_command(root.LAUNCHER_PARENT, spec.image, f"{_HANDOVER}/{SOCKET}"),
            "WorkingDir": "/",
            "User": self._docker.user,
            "Labels": {FOLDER_LABEL: str(self._folder), PROCESS_LABEL: spec.id},
            "HostConfig": {
                **limits,
                "PidsLimit": most_processes(),
                "NetworkMode": "none" if self.has_own_network(spec) else "host",
                "LogConfig": {"Type": "none"},
                "CapDrop": ["ALL"],
                "CapAdd": list(bubblewrap.KEPT_CAPABILITIES),
                "SecurityOpt": ["no-new-privileges", "label=disable"],
                "ReadonlyRootfs": view.is_read_only,
                "ShmSize": spec.memory_limit_bytes or machine_memory_bytes() // 2,
                "Tmpfs": {place: self._of_user("rw,exec,nosuid,nodev") for place in view.in_memory()},
                "Mounts": list(view.mounts()),
            },
        }

    def _of_user(self, options: str) -> str:
        user, group = self._docker.user.split(":")
        return f"{options},mode=755,uid={user},gid={group}"


def leave(socket: Path, folder: Path) -> None:
    """Removes all that processes of the folder have in Docker, and the skeletons that no other container uses. Raises DaemonError."""
    daemon = Daemon(str(socket))
    _remove(daemon, folder, ())
    wanted = json.dumps({"reference": [IMAGE]})
    for image in daemon.ask("GET", "/images/json", filters=wanted):
        for tag in image["RepoTags"] or ():
            with suppress(DaemonError):  # it is used, by another engine
                daemon.ask("DELETE", f"/images/{tag}")


def _remove(daemon: Daemon, folder: Path, living: Collection[str]) -> None:
    wanted = json.dumps({"label": [f"{FOLDER_LABEL}={folder}"]})
    for container in daemon.ask("GET", "/containers/json", all="1", filters=wanted):
        if container["Labels"][PROCESS_LABEL] not in living:
            daemon.remove_container(container["Id"])


class View:
    """Layers, for one who mounts them by the length of their paths whatever their order: what another one hides is left out."""

    def __init__(self, layers: Iterator[Layer], read_only: Sequence[str]) -> None:
        self._read_only = read_only
        self._layers: list[Layer] = []
        for layer in layers:
            if layer.place in _OF_DOCKER or isinstance(layer, Devices):
                continue
            if not isinstance(layer, Folder):
                self._layers = [other for other in self._layers if not _is_at_or_below(other.place, layer.place)]
            self._layers += _opened(layer) if isinstance(layer, Overlay) and layer.place == "/" else [layer]

    @property
    def is_read_only(self) -> bool:
        return "/" in self._read_only

    def skeleton(self) -> list[list[str]]:
        found = [[layer.place, layer.to] for layer in self._layers if isinstance(layer, Link)]
        return sorted([*found, *([layer.place, ""] for layer in self._layers if isinstance(layer, Folder))])

    def in_memory(self) -> list[str]:
        return [layer.place for layer in self._layers if isinstance(layer, Memory)]

    def make_places(self, scratch: Path) -> None:
        """Of what lies on others: Docker would make them as root, or cannot."""
        bound = [layer for layer in self._layers if isinstance(layer, Bind)]
        for layer in self._layers:
            if isinstance(layer, Overlay):
                for folder in (layer.upper, layer.work):
                    folder.mkdir(parents=True, exist_ok=True)
                _make_places(layer.place, layer.folders, layer.upper, bound)
            elif isinstance(layer, Bind) and layer.source.is_relative_to(scratch):
                _make_places(layer.place, (), layer.source, bound)

    def mounts(self) -> Iterator[dict[str, Any]]:
        for layer in self._layers:
            if isinstance(layer, Bind):
                yield _bound(layer.source, layer.place, layer.read_only)
            elif isinstance(layer, Overlay):
                yield _laid_over(layer, layer.place in self._read_only)
        mounted = {layer.place for layer in self._layers if isinstance(layer, Bind)}
        yield from (
            _bound(Path(name).resolve(), name, True) for name in _NAMES if name not in mounted and Path(name).exists()
        )


def container_name(folder: Path, process_id: str) -> str:
    """Another engine's processes may have the same ids."""
    return f"mlsystem-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}-{process_id}"


def _opened(layer: Overlay) -> Iterator[Layer]:
    """A whole root, entry by entry: the root itself is the container's."""
    [files] = layer.folders
    for entry in sorted(files.iterdir()):
        place = f"/{entry.name}"
        if place in (*_OF_DOCKER, "/run"):
            continue
        if entry.is_symlink():
            yield Link(str(entry.readlink()), place)
        elif entry.is_dir():
            yield Overlay((entry,), layer.upper / entry.name, layer.work.with_name(f"work-{entry.name}"), place)
        else:
            yield Bind(entry, place)


def _bound(source: Path, place: str, read_only: bool) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(source), "Target": place, "ReadOnly": read_only}


def _laid_over(layer: Overlay, read_only: bool) -> dict[str, Any]:
    """A volume that goes with the container. Without an upper folder it is read-only."""
    folders = [str(folder) for folder in reversed(layer.folders)]
    if read_only:
        options = f"lowerdir={':'.join([str(layer.upper), *folders])}"
    else:
        options = f"lowerdir={':'.join(folders)},upperdir={layer.upper},workdir={layer.work}"
    driver = {"Name": "local", "Options": {"type": "overlay", "device": "overlay", "o": options}}
    return {"Type": "volume", "Target": layer.place, "VolumeOptions": {"NoCopy": True, "DriverConfig": driver}}


def _make_places(place: str, folders: Sequence[Path], upper: Path, bound: Sequence[Bind]) -> None:
    """Those within `place`, where `upper` lies over the folders."""
    for layer in bound:
        if layer.place == place or not _is_at_or_below(layer.place, place):
            continue
        inner = Path(layer.place).relative_to(place)
        if any((folder / inner).exists() for folder in (*folders, upper)):
            continue
        if layer.source.is_dir():
            (upper / inner).mkdir(parents=True, exist_ok=True)
        else:
            (upper / inner).parent.mkdir(parents=True, exist_ok=True)
            (upper / inner).touch()


def _is_at_or_below(place: str, other: str) -> bool:
    """Of texts, as they are compared each with each: a folder beside whose entries something lies may have hundreds."""
    return f"{place}/".startswith(f"{other.rstrip('/')}/")
