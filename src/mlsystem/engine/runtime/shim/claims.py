"""What programs that have no name spaces share: paths and ports of the machine, each for one program at a time.

A claim is a lock on a file of its name, in a folder that all engines of a user have in common. What was made under the lock stands in the
file, so whoever finds it unlocked knows what a killed shim left, and undoes it. Paths above a claimed one are locked too, together
with others: nobody gets /opt/ml while somebody has /opt/ml/model.
"""

# pathlib would make every start slower.

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .plan import Claim

FOLDER = f"/var/tmp/mlsystem-{os.geteuid()}"  # noqa: S108 - ours alone; it outlives a reboot, as links do
_LOOPBACK = "127.0.0.1"


class Claims:
    """`take`, `make`, and in the end `give_back`. `holder` tells people whose they are."""

    def __init__(self, claims: list[Claim], holder: str) -> None:
        self._claims = claims
        self._holder = holder
        self._locks: dict[str, int] = {}

    @property
    def descriptors(self) -> list[int]:
        """The locks, for whoever must keep them as long as the program lives."""
        return list(self._locks.values())

    def take(self) -> str:
        """All of them, or none; "" or what is in the way."""
        if not self._claims:
            return ""
        with _Ledger():
            _sweep()
            problem = next(filter(None, map(self._take, self._claims)), "")
            if problem:
                self._let_go()
                _sweep()
        return problem

    def make(self) -> None:
        """The links, and the folders that they lie in. Raises OSError."""
        for claim in self._claims:
            if claim["place"]:
                os.stat(claim["source"])
                for folder in reversed(list(_above(claim["place"]))):
                    self._make_folder(folder)
                self._note(claim["place"], {"link": claim["source"]})
                os.symlink(claim["source"], claim["place"])

    def give_back(self) -> None:
        """Removes what was made, and lets others have it."""
        if self._locks:
            self._let_go()
            sweep()

    def _let_go(self) -> None:
        for lock in self._locks.values():
            os.close(lock)
        self._locks = {}

    def _take(self, claim: Claim) -> str:
        place, port = claim["place"], f"port {claim['port']}"
        if not place:
            if not self._lock(port, fcntl.LOCK_EX):
                return f"{port} of this machine, which {_holder(port)} has"
            return f"{port} of this machine, on which another program listens" if _is_taken(claim["port"]) else ""
        for path, kind in ((place, fcntl.LOCK_EX), *((folder, fcntl.LOCK_SH) for folder in _above(place))):
            if not self._lock(path, kind):
                return f"{place}, which {_holder(path)} has"
        return f"{place}, where there is something that is not mlsystem's" if os.path.lexists(place) else ""

    def _lock(self, what: str, kind: int) -> bool:
        name = _name(what)
        if name in self._locks:  # above two places
            return True
        descriptor = _locked(name, kind)
        if descriptor is None:
            return False
        self._locks[name] = descriptor
        if not _read(descriptor):
            self._note(what, {})
        return True

    def _make_folder(self, folder: str) -> None:
        if not os.path.lexists(folder):
            self._note(folder, {"folder": True})
            with suppress(FileExistsError):  # by another program, below it
                os.mkdir(folder, 0o755)

    def _note(self, what: str, made: dict[str, Any]) -> None:
        text = json.dumps({"what": what, "holder": self._holder, **made}).encode()
        descriptor = self._locks[_name(what)]
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))


def is_ours(path: str) -> bool:
    """Whether a program's link or folder is what is there, or what it lies in."""
    if not os.path.isdir(FOLDER):
        return False
    return any({"link", "folder"} & _noted(one).keys() for one in (path, *_above(path)))


class _Ledger:
    """The folder, for one at a time who looks through it or changes it: nobody takes a look of another one for a claim."""

    def __enter__(self) -> None:
        while True:
            with suppress(FileExistsError):
                os.mkdir(FOLDER, 0o700)
            with suppress(FileNotFoundError):
                self._descriptor = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
                if os.fstat(self._descriptor).st_uid != os.geteuid():
                    raise PermissionError(f"{FOLDER} is somebody else's")
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
                if os.fstat(self._descriptor).st_ino == os.stat(FOLDER).st_ino:
                    return
                os.close(self._descriptor)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def sweep() -> None:
    """Undoes what was made for programs that live no more. What cannot be undone now stays written down."""
    if os.path.isdir(FOLDER):
        with _Ledger():
            _sweep()
            with suppress(OSError):
                os.rmdir(FOLDER)  # last: who waits for it takes it as gone


def _sweep() -> None:
    found = []
    for name in os.listdir(FOLDER):
        descriptor = _locked(f"{FOLDER}/{name}", fcntl.LOCK_EX)
        if descriptor is not None:
            found.append((_read(descriptor), f"{FOLDER}/{name}", descriptor))
    # What lies below goes before what it lies in.
    for note, name, descriptor in sorted(found, key=lambda one: len(one[0].get("what", "")), reverse=True):
        with suppress(OSError):
            _undo(note)
            os.unlink(name)
        os.close(descriptor)


def _undo(note: dict[str, Any]) -> None:
    place = note.get("what", "")
    with suppress(FileNotFoundError):
        if "link" in note and os.path.islink(place) and os.readlink(place) == note["link"]:
            os.unlink(place)
        if "folder" in note:
            os.rmdir(place)


def _above(place: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first; not the root."""
    folder = os.path.dirname(place)
    while folder != "/":
        yield folder
        folder = os.path.dirname(folder)


def _name(what: str) -> str:
    """The file of a lock. Where the machine shows this user's programs different disks or networks, it is another one."""
    if what.startswith("/"):
        folder = os.path.dirname(what)
        while not os.path.isdir(folder) or os.path.islink(folder):
            folder = os.path.dirname(folder)
        where = os.stat(folder).st_dev
    else:
        where = os.stat("/proc/self/ns/net").st_ino
    import hashlib  # it loads OpenSSL, and few programs claim anything

    return f"{FOLDER}/{hashlib.sha256(f'{where} {what}'.encode()).hexdigest()[:20]}"


def _locked(name: str, kind: int) -> int | None:
    """The descriptor of the file, locked; None where somebody else has it."""
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _read(descriptor: int) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(os.pread(descriptor, 65536, 0) or b"{}")
    except ValueError:
        return {}
    return found


def _noted(what: str) -> dict[str, Any]:
    try:
        with open(_name(what), "rb") as file:
            return _read(file.fileno())
    except OSError:
        return {}


def _holder(what: str) -> str:
    return str(_noted(what).get("holder", "another program"))


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return True
    return False
