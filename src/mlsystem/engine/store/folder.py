"""The data folder of one engine, and the lock that gives it to one engine at a time."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.decide.errors import StartupError


@dataclass(frozen=True)
class DataFolder:
    """Where everything that outlives the engine's process is kept. Its mode is 0700: it holds keys."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "state.db"

    @property
    def authority(self) -> Path:
        """The certificate that clients trust, where the front door has TLS."""
        return self.root / "ca.pem"

    @property
    def objects(self) -> Path:
        """Object bodies of S3."""
        return self.root / "objects"

    @property
    def incoming(self) -> Path:
        """Bodies on their way in; on the same file system as `objects`, so that a rename completes them."""
        return self.root / "incoming"

    @property
    def processes(self) -> Path:
        """One folder a process: its lock, log and exit."""
        return self.root / "processes"

    @property
    def docker(self) -> Path:
        """Which Docker engine may have something of this folder: the path of its socket, if it was ever used."""
        return self.root / "docker"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def work(self) -> Path:
        """The `/opt/ml` trees of jobs, the unpacked code of functions: can be made again."""
        return self.root / "work"

    @property
    def shares(self) -> Path:
        """Shared file systems."""
        return self.root / "shares"

    @property
    def repositories(self) -> Path:
        return self.root / "repositories"

    @property
    def door(self) -> Path:
        """Configuration, sockets and spools of the front door."""
        return self.root / "door"

    @property
    def sockets(self) -> Path:
        return self.root / "run"

    def prepare(self) -> None:
        """Make what is missing. Raises StartupError when the folder cannot be written."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(PermissionError):  # it is somebody else's, who lets us write there
                self.root.chmod(0o700)
            parts = (self.objects, self.incoming, self.processes, self.images, self.work)
            for part in (*parts, self.shares, self.repositories, self.door, self.sockets):
                part.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise StartupError(f"cannot write the data folder {self.root}: {error.strerror}") from error


# A program that was just being started when its engine was killed holds the lock until it is executed.
HEIR_SECONDS = 10.0
HEIR_PAUSE_SECONDS = 0.02


class FolderLock:
    """Held as long as the engine lives; the kernel lets go of it however the engine ends."""

    def __init__(self, folder: DataFolder):
        self._path = folder.root / "engine.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises StartupError, naming the process that holds the folder; what a dead one left behind is waited for."""
        deadline = time.monotonic() + HEIR_SECONDS
        while (holder := self.try_acquire()) is not None:
            if not _is_dead(holder) or time.monotonic() > deadline:
                raise StartupError(
                    f"an engine is already running on {self._path.parent} (process {holder}): "
                    "`mlsystem status` shows it, `mlsystem down` ends it"
                )
            time.sleep(HEIR_PAUSE_SECONDS)

    def try_acquire(self) -> int | None:
        """None when the lock is taken, else the process id of its holder (0: it has not written it down yet)."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip()
            os.close(descriptor)
            return int(holder) if holder.isdecimal() else 0
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        # On a full disk the lock is held all the same, and nobody learns by whom.
        with suppress(OSError):
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _is_dead(holder: int) -> bool:
    """Whether that process has ended; of 0, who is not known, nobody can tell."""
    if holder == os.getpid():
        return True  # its number was given again
    with suppress(PermissionError):  # it is somebody else's
        try:
            os.kill(holder, 0)
        except ProcessLookupError:
            return True
    return False
