"""A backup is one tar file, whose last member is its manifest; it gets its name when all of it is on the disk.

The folder's master key is not in it: it opens every object and every secret, so it is a file of its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from mlsystem import audit_chain
from mlsystem.archives import tarfile
from mlsystem.engine.backup.errors import BackupError, told_of_disk
from mlsystem.engine.backup.manifest import DATABASE, NAME, Manifest, Member
from mlsystem.engine.backup.moment import HELD, LEFT_OUT, Moment, moment_of
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.store.disk import sync_folder
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.master_key import INSIDE, WORD, read_key, word_of

KEY_SUFFIX = ".key"
PARTIAL_SUFFIX = ".partial"
SUFFIX = ".tar"
# A shared file that changes while it is copied is copied again this often.
COPIES = 3
MLFLOW = "mlflow/mlflow.db"


@dataclass(frozen=True)
class Made:
    """What a backup came to. `changing`: shared files that were written to all the time."""

    file: Path
    key: Path
    size: int
    members: int
    changing: tuple[str, ...]


def make_backup(root: Path, target: Path, key: Path | None = None) -> Made:
    """Copy a data folder into the file `target`, or into one in the folder `target` that is named after the time.

    `key` is where the master key goes, by default beside it. Raises BackupError; then there is no file.
    """
    folder, now = DataFolder(root.resolve()), datetime.now(UTC)
    file = (target / f"mlsystem-{now:%Y%m%dT%H%M%SZ}{SUFFIX}" if target.is_dir() else target).absolute()
    key = (key or file.with_name(file.name + KEY_SUFFIX)).absolute()
    _check_target(file, folder)
    with told_of_disk(file.parent), _partial(file) as aside, moment_of(folder) as moment:
        _check_room(moment, folder, file)
        master = _copy_database(moment, aside / DATABASE)
        _write_key(key, master, folder.root / audit_chain.KEY)
        (aside / "backup").touch(mode=0o600)
        with (aside / "backup").open("wb") as stream:
            writer = _Writer(stream)
            _write_members(writer, moment, folder, aside)
            manifest = _manifest(moment, now, master, writer)
            writer.finish(manifest)
        race_point("backup.before_rename")
        size = (aside / "backup").stat().st_size
        (aside / "backup").rename(file)
        sync_folder(file.parent)
    return Made(file, key, size, len(manifest.members), manifest.changing)


def _check_target(file: Path, folder: DataFolder) -> None:
    """Raises BackupError."""
    if os.path.lexists(file):
        raise BackupError(f"{file} is there already: name another file, or remove it")
    if not file.parent.is_dir():
        raise BackupError(f"there is no folder {file.parent}: make it, or name another file")
    if file.resolve().is_relative_to(folder.root):
        raise BackupError(f"{file} is in the data folder itself: name a file elsewhere, best on another disk")


@contextmanager
def _partial(file: Path) -> Iterator[Path]:
    """A folder beside the file, which holds what is not finished; what is left of a backup that was killed is removed."""
    folder = file.with_name(file.name + PARTIAL_SUFFIX)
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"another backup to {file} is being made: wait for it") from error
        for left in folder.iterdir():
            left.unlink()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _check_room(moment: Moment, folder: DataFolder, file: Path) -> None:
    """Raises BackupError before anything is written where it would not have room anyway. The database is copied aside first."""
    (pages,), (page,) = (moment.database.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    needed = 2 * pages * page + sum(size for _, size in moment.held.values())
    needed += sum(path.lstat().st_size for path in _live(folder) if path.is_file() and not path.is_symlink())
    free = shutil.disk_usage(file.parent).free
    if needed > free:
        raise BackupError(
            f"the backup needs about {needed / 1e6:.0f} MB, and the disk of {file.parent} has {free / 1e6:.0f} MB free"
        )


def _copy_database(moment: Moment, copy: Path) -> str:
    """The database as the moment has it; returns the master key, which is not in it."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as target:
        moment.database.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        words = dict(target.execute("SELECT name, value FROM meta WHERE name IN (?, ?)", (WORD, INSIDE)))
        target.execute("DELETE FROM meta WHERE name = ?", (INSIDE,))
        target.execute("VACUUM")  # else it would still be read in the pages that are free
    try:
        return words.get(INSIDE) or read_key(words[WORD])
    except StartupError as error:
        raise BackupError(str(error)) from error


def _write_key(path: Path, master: str, audit: Path) -> None:
    """The master key, and in a second line that of the audit trail; one that its owner has put elsewhere stays there.

    The same key again is no other one. Raises BackupError where the file has something else.
    """
    text = f"{master}\n" + (f"{audit.read_text()}\n" if audit.is_file() and not audit.is_symlink() else "")
    if path.exists() and path.read_text() == text:
        return
    if path.exists() and path.read_text() != f"{master}\n":  # from before there was a trail
        raise BackupError(f"{path} has another key: name another file with --key")
    descriptor, aside = tempfile.mkstemp(dir=path.parent)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
        Path(aside).rename(path)
    except BaseException:
        Path(aside).unlink()
        raise
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def _manifest(moment: Moment, now: datetime, master: str, writer: _Writer) -> Manifest:
    known = dict(moment.database.execute("SELECT name, value FROM meta WHERE name IN ('schema', 'account', 'region')"))
    return Manifest(
        schema_version=int(known["schema"]),
        made_at=now.isoformat(timespec="seconds"),
        account=known["account"],
        region=known["region"],
        key_check=word_of(master),
        members=writer.members,
        changing=tuple(writer.changing),
    )


# ------------------------------------------------------------------ members
def _write_members(writer: _Writer, moment: Moment, folder: DataFolder, aside: Path) -> None:
    for name in sorted(moment.folders):
        writer.folder(name, folder.root / name)
    for name, (path, size) in sorted(moment.held.items()):
        writer.file(name, path, size)
    for name, target in sorted(moment.links.items()):
        writer.link(name, folder.root / name, target)
    for name, text in sorted(moment.text.items()):
        writer.text(name, text)
    for path in _live(folder):
        name = str(path.relative_to(folder.root))
        if path.is_symlink():
            writer.link(name, path, str(path.readlink()))
        elif path.is_dir():
            writer.folder(name, path)
        elif path.is_file():
            copy, is_of_one_moment = _still_copy(path, aside / "copy", is_database=name == MLFLOW)
            if copy:
                writer.file(name, aside / "copy", (aside / "copy").stat().st_size, path)
                writer.changing += [] if is_of_one_moment else [name]
    writer.file(DATABASE, aside / DATABASE, (aside / DATABASE).stat().st_size)


def _live(folder: DataFolder) -> Iterator[Path]:
    """What has no moment: shared file systems, and whatever else lies in the folder."""
    for top in sorted(folder.root.iterdir()):
        is_link = top.is_symlink()  # the key and the head of the audit trail may lie elsewhere
        if top.name in HELD | LEFT_OUT or top.name.startswith("engine.log") or audit_chain.TRAIL in top.name:
            continue
        if top.name in (audit_chain.KEY, audit_chain.HEAD) and not is_link:
            continue
        ahead = [top]
        while ahead:
            path = ahead.pop()
            yield path
            if path.is_dir() and not path.is_symlink():
                try:
                    ahead += sorted(path.iterdir(), reverse=True)
                except FileNotFoundError:
                    continue


def _still_copy(path: Path, copy: Path, is_database: bool) -> tuple[bool, bool]:
    """Copy a file that programs write; whether it was there, and whether it did not change meanwhile."""
    copy.unlink(missing_ok=True)
    if is_database:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return True, True
    for _ in range(COPIES):
        try:
            before = path.stat()
            shutil.copyfile(path, copy)
            after = path.stat()
        except FileNotFoundError:
            return False, True
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            return True, True
    return True, False


@dataclass
class _Hashing:
    """Reads at most `left` bytes of a file, as tarfile asks for them."""

    stream: BinaryIO
    left: int
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def read(self, size: int = -1, /) -> bytes:
        data = self.stream.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        self.digest.update(data)
        return data


class _Writer:
    """Writes members, and notes what the manifest says of them."""

    def __init__(self, stream: BinaryIO):
        self.members: dict[str, Member] = {}
        self.changing: list[str] = []
        self._stream = stream
        self._tar = tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)

    def file(self, name: str, path: Path, size: int, like: Path | None = None) -> None:
        """`like` has the mode and the owner, where they are not those of `path`."""
        header = _header(self._tar, name, like or path)
        header.type, header.size = tarfile.REGTYPE, size
        with path.open("rb") as file:
            hashing = _Hashing(file, size)
            self._tar.addfile(header, hashing)
        self.members[name] = Member(type="file", size=size, sha256=hashing.digest.hexdigest())

    def text(self, name: str, text: bytes) -> None:
        header = tarfile.TarInfo(name)
        header.size, header.mode = len(text), 0o600
        self._tar.addfile(header, io.BytesIO(text))
        self.members[name] = Member(type="file", size=len(text), sha256=hashlib.sha256(text).hexdigest())

    def folder(self, name: str, path: Path) -> None:
        header = _header(self._tar, name, path)
        header.type = tarfile.DIRTYPE
        self._tar.addfile(header)
        self.members[name] = Member(type="folder")

    def link(self, name: str, path: Path, target: str) -> None:
        header = _header(self._tar, name, path)
        header.type, header.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(header)
        self.members[name] = Member(type="link", target=target)

    def finish(self, manifest: Manifest) -> None:
        """With the manifest; returns when all of it is on the disk."""
        text = manifest.model_dump_json(indent=1).encode()
        header = tarfile.TarInfo(NAME)
        header.size, header.mode = len(text), 0o600
        self._tar.addfile(header, io.BytesIO(text))
        self._tar.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())


def _header(tar: tarfile.TarFile, name: str, path: Path) -> tarfile.TarInfo:
    """Mode, owner and time; of a folder that is gone meanwhile the usual ones."""
    header = tarfile.TarInfo(name)
    try:
        found = path.lstat()
    except FileNotFoundError:
        header.mode = 0o700
        return header
    header.mode, header.uid, header.gid, header.mtime = (
        found.st_mode & 0o7777,
        found.st_uid,
        found.st_gid,
        int(found.st_mtime),  # else each member had a second header
    )
    return header
