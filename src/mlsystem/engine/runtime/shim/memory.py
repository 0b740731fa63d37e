"""How much memory a tree of processes holds.

Looked at from outside, since few machines give an engine a cgroup of its own. Resident pages that processes share are
counted once for each of them, which is cheap and too much; so only when that sum exceeds the limit is each process's
proportional share read, which is exact and slower.
"""

# pathlib would make every start slower.

from __future__ import annotations

import os

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# A process may end while it is looked at.
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


def exceeds(root: int, limit_bytes: int) -> bool:
    """Whether the process and its descendants hold more than the limit."""
    tree = descendants(root)
    if sum(map(_resident_bytes, tree)) <= limit_bytes:
        return False
    return sum(map(proportional_bytes, tree)) > limit_bytes


def descendants(root: int) -> list[int]:
    """The process and all below it."""
    tree = [root]
    for pid in tree:
        tree.extend(children(pid))
    return tree


def children(pid: int) -> list[int]:
    """The living and the not yet reaped children of every thread of the process."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found.extend(map(int, _text(f"/proc/{pid}/task/{thread}/children").split()))
    except _GONE:
        return found
    return found


def _resident_bytes(pid: int) -> int:
    try:
        return int(_text(f"/proc/{pid}/statm").split()[1]) * _PAGE_BYTES
    except _GONE:
        return 0


def proportional_bytes(pid: int) -> int:
    """What a process holds, its share of what it shares with others; nothing for one that has ended."""
    try:
        for line in _text(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except _GONE:
        return _resident_bytes(pid)
    return 0


def _text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()
