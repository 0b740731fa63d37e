"""Puts a backup back: into a folder aside, checked against the manifest, and then renamed into place. So a home is whole or not there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from mlsystem import audit_chain
from mlsystem.archives import tarfile
from mlsystem.engine.backup.archive import KEY_SUFFIX
from mlsystem.engine.backup.errors import BackupError, told_of_disk
from mlsystem.engine.backup.manifest import DATABASE, NAME, Manifest, Member, read_manifest
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.store.disk import sync_folder
from mlsystem.engine.store.master_key import WORD, keep_key, word_of

ASIDE_SUFFIX = ".restoring"
PIECE_BYTES = 1024 * 1024
LARGEST_MANIFEST = 1 << 30


@dataclass(frozen=True)
class Restored:
    """`made_at` is when the backup was made (ISO 8601)."""

    home: Path
    made_at: str
    members: int
    changing: tuple[str, ...]


def restore(file: Path, root: Path, key: Path | None = None) -> Restored:
    """Make the data folder `root`, which must be empty or missing, of a backup. Raises BackupError; then `root` is as it was."""
    key = key or file.with_name(file.name + KEY_SUFFIX)
    _check_home(root)
    if not file.is_file():
        raise BackupError(f"there is no backup {file}")
    master, audit = _read_keys(key)
    with told_of_disk(root.parent), _aside(root) as aside:
        manifest = _unpack(file, aside)
        if word_of(master) != manifest.key_check:
            raise BackupError(f"{key} is the key of another data folder: --key names the one that was made with {file}")
        _put_key(aside / DATABASE, master)
        if audit:
            (aside / audit_chain.KEY).touch(mode=0o600)
            (aside / audit_chain.KEY).write_text(audit)
        os.sync()  # once for all files, of which there may be very many
        race_point("restore.before_rename")
        aside.rename(root)
        sync_folder(root.parent)
    return Restored(root, manifest.made_at, len(manifest.members), manifest.changing)


def _check_home(root: Path) -> None:
    """Raises BackupError."""
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise BackupError(f"{root} is not empty: --home names another folder, or move it away")
    if not root.parent.is_dir():
        raise BackupError(f"there is no folder {root.parent}: make it first")


def _read_keys(path: Path) -> tuple[str, str]:
    """The master key, and that of the audit trail, which may be empty. Raises BackupError."""
    try:
        master, audit = [*path.read_text().splitlines(), "", ""][:2]
        bytes.fromhex(master + audit)
    except FileNotFoundError as error:
        raise BackupError(
            f"there is no key {path}: what is in a backup opens with the key that was written beside it, --key names the file"
        ) from error
    except ValueError as error:
        raise BackupError(f"{path} is no key of a backup") from error
    return master, audit


@contextmanager
def _aside(root: Path) -> Iterator[Path]:
    """A folder beside the home, on its disk; what is left of a restoring that was killed is removed first."""
    aside = root.with_name(root.name + ASIDE_SUFFIX)
    aside.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"another restoring to {root} is under way: wait for it") from error
        for left in aside.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)  # which is the home now where all went well
    finally:
        os.close(descriptor)


def _unpack(file: Path, aside: Path) -> Manifest:
    """All members, and then whether they are what the manifest says. Raises BackupError."""
    found: dict[str, Member] = {}
    late: list[tarfile.TarInfo] = []
    manifest: Manifest | None = None
    try:
        with tarfile.open(file, "r:") as tar:
            for header in tar:
                if header.name == NAME:
                    manifest = _manifest(tar, header)
                    break
                found[header.name] = _unpack_one(tar, header, aside, late)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{file} is damaged, or no backup: {error}") from error
    if manifest is None:
        raise BackupError(f"{file} is not whole: it ends before its manifest")
    _compare(file, found, manifest.members)
    _finish(aside, late)
    return manifest


def _manifest(tar: tarfile.TarFile, header: tarfile.TarInfo) -> Manifest:
    stream = tar.extractfile(header) if header.isreg() else None
    if stream is None or header.size > LARGEST_MANIFEST:
        raise BackupError("the backup's manifest is damaged: use another backup")
    return read_manifest(stream.read())


def _unpack_one(tar: tarfile.TarFile, header: tarfile.TarInfo, aside: Path, late: list[tarfile.TarInfo]) -> Member:
    """Links and the modes of folders come when all files are there: no file goes through a link, and into every folder can be written."""
    path = PurePosixPath(header.name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BackupError(f"the backup has a member {header.name!r}, which would leave the data folder")
    target = aside / path
    if header.isdir():
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        late.append(header)
        return Member(type="folder")
    if header.issym():
        late.append(header)
        return Member(type="link", target=header.linkname)
    stream = tar.extractfile(header) if header.isreg() else None
    if stream is None:
        raise BackupError(f"the backup has a member {header.name!r}, which is neither file, folder nor link")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    member = _write(stream, target)
    _dress(target, header)
    return member


def _write(stream: IO[bytes], target: Path) -> Member:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while piece := stream.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    return Member(type="file", size=size, sha256=digest.hexdigest())


def _compare(file: Path, found: dict[str, Member], wanted: dict[str, Member]) -> None:
    """Raises BackupError, naming the first member that is another one."""
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            kind = "is missing" if name not in found else "is not what was written"
            raise BackupError(f"{file} is damaged: {name} {kind}. Use another backup")


def _finish(aside: Path, late: list[tarfile.TarInfo]) -> None:
    for header in (one for one in late if one.issym()):
        (aside / header.name).symlink_to(header.linkname)
    for header in sorted((one for one in late if one.isdir()), key=lambda one: one.name, reverse=True):
        _dress(aside / header.name, header)


def _dress(path: Path, header: tarfile.TarInfo) -> None:
    """Mode and time; the owner where this user may give files away."""
    if os.geteuid() == 0:
        os.chown(path, header.uid, header.gid)
    path.chmod(header.mode)
    os.utime(path, (header.mtime, header.mtime))


def _put_key(database: Path, master: str) -> None:
    """Where this user's keys are; the database is told which it is. Raises BackupError."""
    try:
        word = keep_key(master)
    except StartupError as error:
        raise BackupError(str(error)) from error
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (WORD, word))
