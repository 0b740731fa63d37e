"""What a power cut leaves at each moment: the recorded order of an engine's writes and syncs, replayed up to there.

strace writes down what the engine does to its database and its object files. A disk need not have what was not synced: of a file it has
what it held at its last sync, of a folder the names at its last sync. So of each moment there are three folders: with all that was written,
with what was synced alone, and with half of what was not synced behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

CALLS = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat"
# What is replayed, below the data folder: the rest can be made again, or is not acknowledged.
REPLAYED = ("state.db", "state.db-wal", "objects/", "incoming/")
LEFTS = ("all", "synced", "torn")

_LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_UNFINISHED = " <unfinished ...>"
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"\d+<((?:\\x[0-9a-f]{2}|[^>\\])*)>")


def tracer(trace: Path) -> tuple[str, ...]:
    """The command that becomes the engine and writes down what it does."""
    options = ("--seccomp-bpf", "-qq", "-ttt", "-y", "-xx", "-s", "100000000", "-e", f"trace={CALLS}")
    return ("strace", "-f", *options, "-o", str(trace))


@dataclass(frozen=True)
class Call:
    """One that succeeded. `paths` are those of its descriptors and arguments, in their order."""

    moment: float
    name: str
    paths: tuple[str, ...]
    data: bytes
    numbers: tuple[int, ...]
    flags: str = ""


def calls(trace: str) -> Iterator[Call]:
    """In the order in which they ended: nobody may count on one before. Those that failed are left out."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        process, moment, text = found[1], float(found[2]), found[3]
        if text.endswith(_UNFINISHED):
            begun[process] = text.removesuffix(_UNFINISHED)
            continue
        if resumed := _RESUMED.match(text):
            text = begun.pop(process, "") + resumed[1]
        told = _CALL.match(text)
        if told is not None and int(told[3]) >= 0:
            yield _call(moment, told[1], told[2], int(told[3]))


def _call(moment: float, name: str, arguments: str, result: int) -> Call:
    strings = [_bytes(one) for one in _STRING.findall(arguments)]
    descriptors = [_bytes(one).decode() for one in _DESCRIPTOR.findall(arguments)]
    rest = _STRING.sub("", _DESCRIPTOR.sub("", arguments))
    numbers = tuple(int(one) for one in re.findall(r"(?<![\w.])\d+(?![\w.])", rest))
    if name in ("write", "pwrite64"):
        return Call(moment, name, tuple(descriptors), strings[0][:result] if strings else b"", numbers)
    if name in ("fsync", "fdatasync", "ftruncate"):
        return Call(moment, name, tuple(descriptors), b"", numbers)
    return Call(moment, name, tuple(one.decode() for one in strings), b"", numbers, rest)


def _bytes(escaped: str) -> bytes:
    if "\\x" not in escaped:
        return escaped.encode()
    return bytes.fromhex(escaped.replace("\\x", ""))


@dataclass
class Node:
    """A file, whatever its name."""

    data: bytearray = field(default_factory=bytearray)
    synced: bytes = b""

    def left(self, how: str) -> bytes:
        if how == "synced":
            return self.synced
        if how == "torn" and self.data.startswith(self.synced):
            return bytes(self.data[: len(self.synced) + (len(self.data) - len(self.synced)) // 2])
        return bytes(self.data) if how == "all" else self.synced


class Disk:
    """The folder `root` as programs see it, and as it is on the disk."""

    def __init__(self, root: Path):
        self._root = str(root)
        self._names: dict[str, Node] = {}
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and name.startswith(REPLAYED):
                body = path.read_bytes()
                self._names[name] = Node(bytearray(body), body)
        self._synced_names = dict(self._names)

    def apply(self, call: Call) -> bool:
        """Whether it was a sync of what is replayed: what follows may count on it."""
        names = [self._name(path) for path in call.paths]
        match call.name:
            case "openat":
                self._open(names[-1] if names else "", call.flags)
            case "write" | "pwrite64" if names[0] in self._names:
                node = self._names[names[0]]
                offset = call.numbers[-1] if call.name == "pwrite64" else len(node.data)
                node.data.extend(bytes(max(0, offset - len(node.data))))
                node.data[offset : offset + len(call.data)] = call.data
            case "ftruncate" if names[0] in self._names:
                node = self._names[names[0]]
                node.data = node.data[: call.numbers[-1]].ljust(call.numbers[-1], b"\0")
            case "fsync" | "fdatasync":
                return self._sync(names[0])
            case "rename" | "renameat" | "renameat2" if names[0] in self._names:
                self._names[names[1]] = self._names.pop(names[0])
            case "link" | "linkat" if names[0] in self._names:
                self._names[names[1]] = self._names[names[0]]
            case "unlink" | "unlinkat":
                self._names.pop(names[0], None)
        return False

    def left(self, how: str) -> dict[str, bytes]:
        """What there is after a power cut now, by name."""
        names = self._names if how == "all" else self._synced_names
        return {name: node.left(how) for name, node in names.items()}

    def _name(self, path: str) -> str:
        """Below the folder; elsewhere it is as it is, which nothing here has."""
        return path.removeprefix(f"{self._root}/")

    def _open(self, name: str, flags: str) -> None:
        if not name.startswith(REPLAYED):
            return
        if "O_CREAT" in flags and name not in self._names:
            self._names[name] = Node()
        elif "O_TRUNC" in flags and name in self._names:
            self._names[name].data.clear()

    def _sync(self, name: str) -> bool:
        if name in self._names:
            node = self._names[name]
            node.synced = bytes(node.data)
            return True
        folder = "." if name == self._root else name
        inside = {one: node for one, node in self._names.items() if str(PurePosixPath(one).parent) == folder}
        gone = [one for one in self._synced_names if str(PurePosixPath(one).parent) == folder and one not in inside]
        for one in gone:
            del self._synced_names[one]
        self._synced_names.update(inside)
        return bool(inside or gone)


@dataclass(frozen=True)
class Cut:
    """A moment just after a sync, and what the disk has then."""

    moment: float
    how: str
    files: dict[str, bytes]


def cuts(disk: Disk, trace: str) -> Iterator[Cut]:
    for call in calls(trace):
        if disk.apply(call):
            for how in LEFTS:
                yield Cut(call.moment, how, disk.left(how))


def thinned(found: Sequence[Cut], count: int) -> list[Cut]:
    """So many of them, evenly spread, and among them all kinds of what is left."""
    step = max(1, len(found) // count)
    step += step % len(LEFTS) == 0
    return list(found[::step][:count])
