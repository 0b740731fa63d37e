"""One moment of a data folder, held fast while its engine goes on.

For as long as it takes to link files, no transaction commits: SQLite's write lock is taken, as by any writer. What is linked then is just
what an engine finds that was killed at this moment, and engines are proven to go on from there. Files that are never written again once
they have their name (object bodies, layers, code, everything of Git) keep their bytes through a link, though the engine removes them
meanwhile; of those that grow, the length is noted. What programs write in place, such as shared file systems, has no one moment.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlsystem import audit_chain
from mlsystem.engine.backup.errors import BackupError, told_of_disk
from mlsystem.engine.runtime.shim import record
from mlsystem.engine.store.folder import DataFolder

STAGING = "backup"
LOCK_SECONDS = 30.0
# A repository whose files are packed anew while they are linked is linked again.
ATTEMPTS = 5

# Of the moment; see `_hold`. Everything else in the folder is copied as it lies, but for what follows.
HELD = frozenset({"objects", "images", "functions", "repositories", "door", "processes", "work", "mail", "run"})
# Locks, what is made again at the next start, logs of programs that have ended with the moment, and bodies on their way in.
LEFT_OUT = frozenset(
    {"state.db", "state.db-wal", "state.db-shm", "engine.lock", "credentials.json", "credentials.tmp", "docker"}
    | {"cache", "logs", "incoming", "start.log", STAGING}
)
RESTORED = "the data folder was restored from a backup, in which no program goes on"


@dataclass
class Moment:
    """`held`: by its name in the data folder, each file that is kept, and how many bytes of it belong to the moment.

    `database` is a connection that sees the moment until it is closed; `text` are small files that are made up.
    """

    database: sqlite3.Connection
    held: dict[str, tuple[Path, int]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    text: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def moment_of(folder: DataFolder) -> Iterator[Moment]:
    """Hold a moment for as long as the context lasts. Raises BackupError where there is nothing, or a backup is being made already."""
    if not folder.database.is_file():
        raise BackupError(f"there is no data of an engine in {folder.root}: --home names another folder")
    with ExitStack() as stack:
        with told_of_disk(folder.root):
            moment = _take(folder, stack)
        yield moment


def _take(folder: DataFolder, stack: ExitStack) -> Moment:
    """What it holds is let go with the stack."""
    stack.callback(os.close, _lock(folder))
    staging = folder.root / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    stack.callback(shutil.rmtree, staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    (staging / folder.objects.name).mkdir()
    writer = stack.enter_context(closing(_connect(folder)))
    reader = stack.enter_context(closing(_connect(folder)))
    moment, bodies = Moment(reader), _Bodies(folder, staging)
    bodies.link_early()
    with _nobody_writes(writer, folder):
        reader.execute("BEGIN")
        names = {name for (name,) in reader.execute("SELECT file FROM segments")}
        bodies.link_rest(names)
        _hold(moment, folder, staging)
    bodies.note(moment, names)
    return moment


def sweep_staging(folder: DataFolder) -> None:
    """What a backup that was killed has left: links, which keep removed files on the disk. One that goes on is left alone."""
    staging = folder.root / STAGING
    if not staging.exists():
        return
    with suppress(BackupError):
        descriptor = _lock(folder)
        shutil.rmtree(staging, ignore_errors=True)
        os.close(descriptor)


def _lock(folder: DataFolder) -> int:
    """Of the folder itself; an engine has that of a file in it."""
    descriptor = os.open(folder.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BackupError(f"a backup of {folder.root} is being made already: wait for it") from error
    return descriptor


def _connect(folder: DataFolder) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder.database}?mode=rw", uri=True, timeout=LOCK_SECONDS, isolation_level=None)


@contextmanager
def _nobody_writes(writer: sqlite3.Connection, folder: DataFolder) -> Iterator[None]:
    try:
        writer.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise BackupError(f"the database of {folder.root} is busy: try again") from error
    try:
        yield
    finally:
        writer.execute("ROLLBACK")


def _hold(moment: Moment, folder: DataFolder, staging: Path) -> None:
    keeper = _Keeper(moment, folder.root, staging)
    running = _processes(moment, folder)
    keeper.tree(folder.images / "blobs", is_wanted=lambda name: not name.startswith("."))
    keeper.tree(folder.root / "functions", is_wanted=lambda name: name.endswith(".zip"))
    keeper.tree(folder.root / "mail", is_wanted=lambda name: name.endswith(".eml"))
    for repository in sorted(folder.repositories.iterdir()):
        _keep_repository(keeper, repository)
    keeper.tree(folder.door / "spool", grows=True)
    keeper.tree(folder.sockets / "apis", is_wanted=lambda name: name.endswith(".json"))
    keeper.tree(folder.sockets / "f", is_wanted=_is_request_log, grows=True)
    keeper.tree(folder.sockets / "f", is_wanted=_is_name)
    # Before the lines that it tells of: they go on while it is read.
    head = folder.root / audit_chain.HEAD
    if not head.is_symlink() and (text := _read(head)) is not None:
        moment.text[head.name] = text
    for path in sorted(folder.root.glob(f"*{audit_chain.TRAIL}*")):
        keeper.file(path, grows=True)
    for kind in ("jobs", "builds"):
        for tree in sorted(_entries(folder.work / kind)):
            # A program that runs writes in place, and is lost with the moment; its folder is of no use to anybody.
            if not any(f"{tree}/" in plan or f'{tree}"' in plan for plan in running):
                keeper.tree(tree)


def _processes(moment: Moment, folder: DataFolder) -> list[str]:
    """Of each program: that it began, and how it ended. The plans of those that run, in which the folders stand that they use.

    Nothing runs in the folder that is made of a backup: what has no end there is told as lost, as after a power cut. Plans are left out:
    they hold keys.
    """
    running = []
    for place in _entries(folder.processes):
        kept = {name: _read(place / name) for name in (record.STARTED, record.EXIT)}
        if kept[record.STARTED] is None:
            continue
        kept[record.SHIM_LOG] = f"{RESTORED}\n".encode()
        moment.folders.add(f"{folder.processes.name}/{place.name}")
        moment.text |= {f"processes/{place.name}/{name}": text for name, text in kept.items() if text is not None}
        if kept[record.EXIT] is None:
            running.append((_read(place / record.PLAN) or b"").decode(errors="replace"))
    return running


def _keep_repository(keeper: _Keeper, repository: Path) -> None:
    """What points at objects before the objects, which are written in the opposite order; and both again where Git has packed meanwhile."""
    for _ in range(ATTEMPTS):
        points = keeper.tree(repository, lambda name: not name.startswith("objects") and not name.endswith(".lock"))
        if keeper.tree(repository / "objects", lambda name: "tmp_" not in name) and points:
            return
    raise BackupError(f"the repository {repository.name} does not come to rest: try again")


class _Bodies:
    """Bodies of objects are many: those that are there before the moment are linked before it, and only the rest while all wait."""

    def __init__(self, folder: DataFolder, staging: Path):
        self._folder = folder
        self._staging = staging / folder.objects.name
        self._sizes: dict[str, int] = {}

    def link_early(self) -> None:
        for shelf in os.scandir(self._folder.objects):
            (self._staging / shelf.name).mkdir(parents=True)
            for body in os.scandir(shelf.path):
                with suppress(FileNotFoundError):
                    self._link(body.path, body.name)

    def link_rest(self, names: set[str]) -> None:
        """Raises BackupError for one that is missing: a row names it."""
        for name in names - self._sizes.keys():
            path = self._folder.objects / name[:2] / name
            (self._staging / name[:2]).mkdir(parents=True, exist_ok=True)
            try:
                self._link(str(path), name)
            except FileNotFoundError as error:
                words = f"the data folder is damaged: {path} is missing, though a row names it"
                raise BackupError(words) from error

    def note(self, moment: Moment, names: set[str]) -> None:
        for name in names:
            held = f"{name[:2]}/{name}"
            moment.held[f"{self._folder.objects.name}/{held}"] = (self._staging / held, self._sizes[name])
        moment.folders |= {f"{self._folder.objects.name}/{shelf.name}" for shelf in self._staging.iterdir()}

    def _link(self, path: str, name: str) -> None:
        # Strings: pathlib would take longer than the link.
        target = f"{self._staging}/{name[:2]}/{name}"
        os.link(path, target)
        self._sizes[name] = os.stat(target).st_size  # noqa: PTH116


class _Keeper:
    """Links files into the staging folder, and notes them in the moment."""

    def __init__(self, moment: Moment, root: Path, staging: Path):
        self._moment = moment
        self._root = root
        self._staging = staging

    def file(self, path: Path, grows: bool = False) -> bool:
        """Whether it was still there."""
        target = self._staging / path.relative_to(self._root)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with suppress(FileExistsError):
                os.link(path, target, follow_symlinks=False)
        except FileNotFoundError:
            return False
        self._moment.held[str(path.relative_to(self._root))] = (
            target,
            _whole(target) if grows else target.stat().st_size,
        )
        return True

    def tree(self, folder: Path, is_wanted: Callable[[str], bool] = lambda _: True, grows: bool = False) -> bool:
        """What is below it, and is wanted by its path from there; whether nothing vanished meanwhile."""
        is_whole = True
        ahead = [folder] if folder.is_dir() else []
        while ahead:
            place = ahead.pop()
            self._moment.folders.add(str(place.relative_to(self._root)))
            for entry in sorted(_entries(place)):
                if not is_wanted(str(entry.relative_to(folder))):
                    continue
                if entry.is_symlink():
                    self._moment.links[str(entry.relative_to(self._root))] = str(entry.readlink())
                elif entry.is_dir():
                    ahead.append(entry)
                elif entry.is_file():
                    is_whole &= self.file(entry, grows)
        return is_whole


def _is_request_log(name: str) -> bool:
    """Of what the hosts of functions have below their folder; the rest are sockets, and keys that count for some hours."""
    return "/" not in name or Path(name).name.startswith("requests.")


def _is_name(name: str) -> bool:
    """Whose requests they are."""
    return "/" not in name or Path(name).name == "name.json"


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _whole(path: Path) -> int:
    """The length of a file of lines up to its last whole one."""
    step = 64 * 1024
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - step)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0
