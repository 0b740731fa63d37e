"""Backups: of one moment, whole or not there, and checked before they are a home again."""

from __future__ import annotations

import io
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mlsystem.archives import tarfile
from mlsystem.engine.backup.archive import make_backup
from mlsystem.engine.backup.errors import BackupError
from mlsystem.engine.backup.moment import STAGING, moment_of, sweep_staging
from mlsystem.engine.backup.restoring import restore
from mlsystem.engine.front.audit_file import AuditFile
from mlsystem.engine.runtime.machine import probe
from mlsystem.engine.runtime.process import Exited
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.master_key import FOLDER_VARIABLE, INSIDE, WORD, master_key
from tests.command_line import run
from tests.unit.engine.backup.conftest import BODY, SHARED, Home, read


def _names(file: Path) -> set[str]:
    with tarfile.open(file) as tar:
        return set(tar.getnames())


def _master(home: Home) -> str:
    return master_key(home.database)


# ---------------------------------------------------------------------- what is in it
def test_all_that_an_engine_keeps_comes_back_as_it_was(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extent = home.write()
    home.fill()
    master = _master(home)
    made = make_backup(home.root, tmp_path / "copy.tar")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys of another machine"))
    restored = DataFolder(restore(made.file, tmp_path / "again").home)
    assert read(restored, extent) == BODY
    share = restored.shares / "fs-1"
    assert (share / "models" / "model.bin").read_bytes() == SHARED
    assert stat.S_IMODE((share / "models" / "model.bin").stat().st_mode) == 0o750
    assert (share / "models" / "current").readlink() == Path("/mnt/models/model.bin")
    assert stat.S_IMODE((share / "empty").stat().st_mode) == 0o711
    repository = restored.repositories / "project.git"
    assert (repository / "objects" / "ab" / "cdef").read_bytes() == b"a commit"
    assert not (repository / "HEAD.lock").exists(), "a lock that nobody holds would stop every push"
    assert (restored.images / "blobs" / "0123").read_bytes() == b"a layer"
    assert (restored.door / "spool" / "captured.log").read_bytes() == b"whole\n"
    again = Database(restored.database, SystemClock())
    assert master_key(again) == master
    again.close()


def test_a_folder_whose_key_still_lies_in_it_is_copied_without_it(home: Home, tmp_path: Path) -> None:
    """Its engine is of an earlier version."""
    key = "5a" * 32
    with closing(sqlite3.connect(home.folder.database)) as connection, connection:
        connection.execute("DELETE FROM meta WHERE name = ?", (WORD,))
        connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (INSIDE, key))
    made = make_backup(home.root, tmp_path / "copy.tar")
    assert key.encode() not in made.file.read_bytes()
    again = Database(DataFolder(restore(made.file, tmp_path / "again").home).database, SystemClock())
    assert master_key(again) == key
    again.close()


def test_without_its_key_there_is_no_backup(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    with pytest.raises(BackupError, match="the master key of this data folder is missing"):
        make_backup(home.root, tmp_path / "copy.tar")
    assert list(tmp_path.glob("copy.tar*")) == []


def test_a_folder_gets_a_file_that_is_named_after_the_time(home: Home, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    made = make_backup(home.root, tmp_path / "backups")
    assert made.file.name.startswith("mlsystem-20") and made.file.suffix == ".tar"
    assert sorted((tmp_path / "backups").iterdir()) == [made.file, made.key]


def test_no_key_is_in_a_backup_and_nobody_else_may_read_it(home: Home, tmp_path: Path) -> None:
    home.fill()
    made = make_backup(home.root, tmp_path / "copy.tar")
    text = made.file.read_bytes()
    assert [word for word in (_master(home).encode(), b"root-secret", b"role-secret") if word in text] == []
    assert made.key.read_text().strip() == _master(home)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (made.file, made.key)} == {0o600}


def test_the_audit_trail_holds_together_after_a_restoring_and_its_key_is_in_no_backup(
    home: Home, tmp_path: Path
) -> None:
    before = make_backup(home.root, tmp_path / "before.tar", tmp_path / "key")
    trail = AuditFile(home.root)
    for number in range(5):
        trail.write(b'{"number":%d}' % number)
    key = (home.root / "audit.key").read_text()
    made = make_backup(home.root, tmp_path / "copy.tar", before.key)
    trail.write(b'{"number":5}')
    trail.close()
    assert key.encode() not in made.file.read_bytes()
    assert made.key.read_text().splitlines() == [_master(home), key]
    again = restore(made.file, tmp_path / "again", made.key).home
    assert len((again / "audit.jsonl").read_bytes().splitlines()) == 5
    goes_on = AuditFile(again)
    goes_on.write(b'{"number":"after"}')
    goes_on.close()
    verified = run("audit", "verify", home=again)
    assert verified.returncode == 0, verified.stderr


def test_what_changes_behind_the_moment_is_not_in_the_backup_and_what_is_removed_is(home: Home, tmp_path: Path) -> None:
    kept, removed = home.write(), home.write()
    with moment_of(home.folder) as moment:
        home.remove(removed)
        later = home.write()
        assert not home.bodies.path(removed.name).exists(), "nobody waits for the backup"
        names = {Path(name).name for name in moment.held}
        assert {kept.name, removed.name} <= names and later.name not in names
        held, size = moment.held[f"objects/{removed.name[:2]}/{removed.name}"]
        assert held.stat().st_size == size
        seen = {name for (name,) in moment.database.execute("SELECT file FROM segments")}
        assert seen == {kept.name, removed.name}
        with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
            moment.database.backup(copy)
            assert {name for (name,) in copy.execute("SELECT file FROM segments")} == seen


def test_a_program_that_ran_is_lost_in_the_copy_and_one_that_had_ended_keeps_its_work(
    home: Home, tmp_path: Path
) -> None:
    home.fill()
    restored = DataFolder(restore(make_backup(home.root, tmp_path / "copy.tar").file, tmp_path / "again").home)
    runner = ProcessRunner(restored.processes, probe())
    try:
        runs, done = (runner.status(f"training-job.{name}") for name in ("runs", "done"))
    finally:
        runner.close()
    assert isinstance(runs, Exited) and isinstance(done, Exited)
    assert (runs.reason, done.reason) == ("lost", "exited")
    assert "restored from a backup" in runs.message
    assert (restored.work / "jobs" / "training-job.done" / "model").read_bytes() == b"trained"
    assert not (restored.work / "jobs" / "training-job.runs").exists()


def test_a_shared_file_that_is_written_all_the_time_is_named(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.fill()
    busy = home.folder.shares / "fs-1" / "models" / "model.bin"
    copyfile = shutil.copyfile

    def meanwhile(source: Path, target: Path) -> None:
        copyfile(source, target)
        if source == busy:
            busy.write_bytes(busy.read_bytes() + b"!")

    monkeypatch.setattr(shutil, "copyfile", meanwhile)
    made = make_backup(home.root, tmp_path / "copy.tar")
    assert made.changing == ("shares/fs-1/models/model.bin",)
    assert restore(made.file, tmp_path / "again").changing == made.changing


# ---------------------------------------------------------------------- refused, and nothing is left
def test_what_is_there_is_not_overwritten(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "copy.tar"
    file.write_text("mine")
    with pytest.raises(BackupError, match="is there already"):
        make_backup(home.root, file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("place", "words"), [("home/copy.tar", "in the data folder itself"), ("no/copy.tar", "no folder")]
)
def test_a_place_that_cannot_be_is_refused(home: Home, tmp_path: Path, place: str, words: str) -> None:
    with pytest.raises(BackupError, match=words):
        make_backup(home.root, tmp_path / place)


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no data of an engine"):
        make_backup(tmp_path / "nothing", tmp_path / "copy.tar")
    assert list(tmp_path.iterdir()) == []


def test_the_key_of_another_folder_is_not_overwritten(home: Home, tmp_path: Path) -> None:
    first, other = make_backup(home.root, tmp_path / "first.tar"), Home(tmp_path / "other")
    with pytest.raises(BackupError, match="has another key"):
        make_backup(other.root, tmp_path / "second.tar", first.key)
    assert first.key.read_text().strip() == _master(home)
    assert make_backup(home.root, tmp_path / "third.tar", first.key).key == first.key


def test_two_backups_of_a_folder_at_once_are_one_too_many(home: Home, tmp_path: Path) -> None:
    with moment_of(home.folder):
        with pytest.raises(BackupError, match="being made already"):
            make_backup(home.root, tmp_path / "copy.tar")
        sweep_staging(home.folder)
        assert (home.root / STAGING).exists(), "an engine that starts leaves it alone"
    assert not (tmp_path / "copy.tar").exists()


def test_a_disk_without_room_is_told_before_anything_is_written(home: Home, tmp_path: Path) -> None:
    for _ in range(5):
        home.write()
    (tmp_path / "disk").mkdir()
    mount = 'mount -t tmpfs -o size=500k none "$0" && "$@"; status=$?; ls -A "$0"; exit $status'
    engine = (sys.executable, "-m", "mlsystem.engine", str(home.root), "--backup", str(tmp_path / "disk"))
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(tmp_path / "disk"), *engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"not run: a small disk cannot be mounted here: {done.stderr.strip()}")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the backup needs about 1 MB, and the disk of" in done.stderr and done.stderr.count("\n") == 1


# The limit on the size of a file stands for the disk: that of the database's copy, and of the archive.
@pytest.mark.parametrize("limit", [50_000, 350_000])
def test_a_disk_that_becomes_full_leaves_no_backup(home: Home, tmp_path: Path, limit: int) -> None:
    for _ in range(3):
        home.write()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(BackupError, match="is full: free space"):
            make_backup(home.root, tmp_path / "copy.tar")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert {path.name for path in tmp_path.iterdir()} <= {"home", "copy.tar.key"}
    assert not (home.root / STAGING).exists()


# ---------------------------------------------------------------------- kill -9
def _killed(point: str, *arguments: str) -> None:
    command = [sys.executable, "-m", "mlsystem.engine", *arguments]
    done = subprocess.run(command, env={**os.environ, "MLSYSTEM_KILL_AT": point}, check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_backup_that_is_killed_is_none_and_the_next_one_clears_up(home: Home, tmp_path: Path) -> None:
    extent, file = home.write(), tmp_path / "copy.tar"
    _killed("backup.before_rename", str(home.root), "--backup", str(file))
    assert not file.exists()
    assert (home.root / STAGING).exists()
    sweep_staging(home.folder)
    assert not (home.root / STAGING).exists(), "the next start of an engine does so"
    _killed("backup.before_rename", str(home.root), "--backup", str(file))
    made = make_backup(home.root, file)
    assert read(DataFolder(restore(made.file, tmp_path / "again").home), extent) == BODY
    assert {path.name for path in tmp_path.iterdir()} == {"home", "copy.tar", "copy.tar.key", "again"}


def test_a_restoring_that_is_killed_makes_no_home_and_may_be_repeated(home: Home, tmp_path: Path) -> None:
    extent, file = home.write(), tmp_path / "copy.tar"
    make_backup(home.root, file)
    _killed("restore.before_rename", str(tmp_path / "again"), "--restore", str(file))
    assert not (tmp_path / "again").exists()
    assert read(DataFolder(restore(file, tmp_path / "again").home), extent) == BODY
    assert not (tmp_path / "again.restoring").exists()


# ---------------------------------------------------------------------- restoring refuses
@pytest.fixture
def file(home: Home, tmp_path: Path) -> Path:
    home.write()
    home.fill()
    return make_backup(home.root, tmp_path / "copy.tar").file


def _refused(file: Path, tmp_path: Path, words: str, key: Path | None = None) -> None:
    with pytest.raises(BackupError, match=words):
        restore(file, tmp_path / "again", key or tmp_path / "copy.tar.key")
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "again.restoring").exists()


def _rewritten(file: Path, change: dict[str, bytes | None]) -> Path:
    """The same archive with other members: None leaves one out."""
    target = file.with_name("other.tar")
    with tarfile.open(file) as source, tarfile.open(target, "w") as copy:
        for header in source:
            data = source.extractfile(header) if header.isreg() else None
            text = change.get(header.name, data.read() if data else b"")
            if text is not None:
                header.size = len(text)
                copy.addfile(header, io.BytesIO(text))
    return target


def test_a_home_that_is_not_empty_is_refused(file: Path, home: Home) -> None:
    with pytest.raises(BackupError, match="is not empty"):
        restore(file, home.root)


def test_an_empty_folder_is_a_home(file: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    assert DataFolder(restore(file, tmp_path / "again").home).database.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_half_a_backup_is_refused(file: Path, tmp_path: Path, share: float) -> None:
    os.truncate(file, int(file.stat().st_size * share))
    _refused(file, tmp_path, "not whole|damaged")


def test_a_flipped_bit_is_found_and_its_file_named(file: Path, tmp_path: Path) -> None:
    data = bytearray(file.read_bytes())
    data[data.index(SHARED)] ^= 1
    file.write_bytes(data)
    _refused(file, tmp_path, "shares/fs-1/models/model.bin is not what was written")


def test_a_member_that_is_missing_or_too_many_is_found(file: Path, tmp_path: Path) -> None:
    _refused(_rewritten(file, {"images/blobs/0123": None}), tmp_path, "images/blobs/0123 is missing")
    with tarfile.open(file, "a") as tar:
        header = tarfile.TarInfo("late")
        tar.addfile(header, io.BytesIO(b""))
    assert restore(file, tmp_path / "again").members, "what stands behind the manifest is not read"
    assert not (tmp_path / "again" / "late").exists()


def test_what_is_no_backup_is_refused(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(os.urandom(4000))
    _refused(other, tmp_path, "damaged, or no backup")
    _refused(tmp_path / "nothing", tmp_path, "there is no backup")


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_no_member_leaves_the_home(tmp_path: Path, file: Path, name: str) -> None:
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    _refused(evil, tmp_path, "would leave the data folder")


def test_no_file_goes_through_a_link(tmp_path: Path, file: Path) -> None:
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as tar:
        link, inside = tarfile.TarInfo("way"), tarfile.TarInfo("way/outside")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        tar.addfile(link)
        tar.addfile(inside, io.BytesIO(b""))
    _refused(evil, tmp_path, "not whole")
    assert not (tmp_path / "outside").exists()


def test_without_its_key_or_with_another_a_backup_is_refused_in_clear_words(file: Path, tmp_path: Path) -> None:
    _refused(file, tmp_path, "there is no key .*--key names the file", tmp_path / "nothing")
    other = make_backup(Home(tmp_path / "other").root, tmp_path / "other.tar")
    _refused(file, tmp_path, "is the key of another data folder", other.key)
    (tmp_path / "text").write_text("what?")
    _refused(file, tmp_path, "is no key of a backup", tmp_path / "text")


def test_a_backup_of_a_later_version_is_refused_in_clear_words(file: Path, tmp_path: Path) -> None:
    with tarfile.open(file) as tar:
        stream = tar.extractfile("manifest.json")
        assert stream is not None
        text = stream.read()
    later = text.replace(b'"schema_version": ', b'"schema_version": 99')
    _refused(_rewritten(file, {"manifest.json": later}), tmp_path, "made by a later version")


def test_every_file_of_a_backup_is_in_its_manifest(file: Path) -> None:
    names = _names(file)
    assert {"state.db", "manifest.json", "shares/fs-1/empty"} <= names
    assert not names & {"credentials.json", "engine.lock", "run", "logs"}
