"""Nobody without the key can change the audit trail without being told of; what the engine itself did to it is told apart."""

from __future__ import annotations

import json
import random
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from signal import SIG_IGN, SIGXFSZ, signal

import pytest

from mlsystem.audit_chain import HEAD, KEPT_FILES, KEY, TRAIL, Link, read_line
from mlsystem.client.audit import verify
from mlsystem.client.audit_check import Report
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.engine.front.audit_file import AuditFile

ROTATED = 3000  # bytes of a file


def _write(folder: Path, count: int, max_bytes: int = 10_000_000, start: int = 0) -> None:
    trail = AuditFile(folder, max_bytes)
    for number in range(start, start + count):
        trail.write(json.dumps({"eventName": f"Do{number}", "text": "a" * 100}).encode())
    trail.close()


def _lines(folder: Path) -> list[bytes]:
    return (folder / TRAIL).read_bytes().splitlines(keepends=True)


def _rewrite(folder: Path, lines: list[bytes]) -> None:
    (folder / TRAIL).write_bytes(b"".join(lines))


def _faults(folder: Path) -> list[str]:
    return [str(fault) for fault in verify(folder).faults]


def _is_clean(report: Report) -> bool:
    return not report.faults and not report.notes


def test_what_the_engine_wrote_is_whole_over_restarts(tmp_path: Path) -> None:
    for start in (0, 5, 10):
        _write(tmp_path, 5, start=start)
    report = verify(tmp_path)
    assert _is_clean(report)
    assert (report.lines, report.first, report.last.sequence) == (15, 1, 15)
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", [0, 4, 9])
def test_a_line_that_was_changed_is_named_and_no_other(tmp_path: Path, place: int) -> None:
    _write(tmp_path, 10)
    lines = _lines(tmp_path)
    lines[place] = lines[place].replace(b"Do", b"No", 1)
    _rewrite(tmp_path, lines)
    assert _faults(tmp_path) == [
        f"{TRAIL}, line {place + 1}: line {place + 1} of the chain was changed, or is not the engine's"
    ]


def test_a_line_with_a_hash_made_without_the_key_is_told(tmp_path: Path) -> None:
    _write(tmp_path, 10)
    other = tmp_path / "other"
    other.mkdir()
    _write(other, 10)
    lines = _lines(tmp_path)
    lines[6] = _lines(other)[6]
    _rewrite(tmp_path, lines)
    assert _faults(tmp_path)[0].startswith(f"{TRAIL}, line 7: line 7 of the chain was changed")


def _without(numbers: set[int]) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [line for at, line in enumerate(lines, start=1) if at not in numbers]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without({1}), "the beginning is missing: line 1"),
        (_without({5}), "line 5: line 5 are missing before it"),
        (_without({5, 6, 7}), "line 5: lines 5 to 7 are missing before it"),
        (_without({10}), "its end is missing: line 10"),
        (_without({8, 9, 10}), "its end is missing: lines 8 to 10"),
        (_without(set(range(1, 11))), "its end is missing: lines 1 to 10"),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], "line 4 should be before it, and stand elsewhere"),
        (lambda lines: [*lines[:4], lines[2], *lines[4:]], "line 5: line 3 of the chain is there twice"),
        (lambda lines: [*lines[:4], b'{"eventName":"Mine"}\n', *lines[4:]], "line 5: this is not a line of the trail"),
        (lambda lines: [*lines[:4], b"\n", *lines[4:]], "line 5: this is not a line of the trail"),
        (lambda lines: [*lines[:4], b"{}\n", *lines[5:]], "line 5: this is not a line of the trail"),
        (lambda lines: [*lines[:9], lines[9][:-1]], "its end is missing: line 10"),
    ],
)
def test_what_was_removed_moved_or_inserted_is_told(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], told: str
) -> None:
    _write(tmp_path, 10)
    _rewrite(tmp_path, change(_lines(tmp_path)))
    assert told in _faults(tmp_path)[0]


def test_an_end_that_was_cut_off_is_told_after_the_engine_has_gone_on(tmp_path: Path) -> None:
    _write(tmp_path, 10)
    _rewrite(tmp_path, _lines(tmp_path)[:7])
    _write(tmp_path, 5, start=10)
    assert _faults(tmp_path) == [f"{TRAIL}, line 8: lines 8 to 10 are missing before it"]


def test_an_end_cannot_be_cut_off_by_removing_what_knows_of_it(tmp_path: Path) -> None:
    _write(tmp_path, 10)
    _rewrite(tmp_path, _lines(tmp_path)[:7])
    (tmp_path / HEAD).unlink()
    assert "audit.head is missing, or was changed" in _faults(tmp_path)[0]
    _write(tmp_path, 5, start=10)
    [fault] = _faults(tmp_path)
    assert fault.startswith(f"{TRAIL}, line 8: nothing said how far")


def test_the_end_is_not_believed_from_who_has_no_key(tmp_path: Path) -> None:
    _write(tmp_path, 10)
    lines = _lines(tmp_path)[:7]
    _rewrite(tmp_path, lines)
    last = read_line(lines[-1])
    assert last is not None
    head = (tmp_path / HEAD).read_text().split()
    (tmp_path / HEAD).write_text(f"{last.link.sequence:020d} {last.link.hash} {head[2]}\n")
    assert "audit.head is missing, or was changed" in _faults(tmp_path)[0]


def test_who_has_the_key_cannot_rewrite_what_somebody_noted(tmp_path: Path) -> None:
    _write(tmp_path, 10)
    noted = verify(tmp_path).last
    _write(tmp_path, 3)
    assert _is_clean(verify(tmp_path, noted))
    key = (tmp_path / KEY).read_bytes()
    for path in list(tmp_path.iterdir()):
        path.unlink()
    (tmp_path / KEY).write_bytes(key)
    _write(tmp_path, 20, start=100)
    assert not verify(tmp_path).faults
    assert "another than you noted" in str(verify(tmp_path, noted).faults[0])
    assert "line 99, which you noted, is missing" in str(verify(tmp_path, Link(99, "0" * 64)).faults[0])


def test_files_that_were_rotated_away_are_no_fault(tmp_path: Path) -> None:
    _write(tmp_path, 200, ROTATED)
    older = sorted(path.name for path in tmp_path.glob(f"{TRAIL}.*"))
    assert len(older) == KEPT_FILES
    report = verify(tmp_path)
    assert report.faults == []
    [note] = report.notes
    assert f"lines 1 to {report.first - 1} were in older files, which are kept no longer" in note.words
    _write(tmp_path, 200, ROTATED)
    assert verify(tmp_path).faults == []
    assert max(path.stat().st_size for path in tmp_path.glob(f"{TRAIL}*")) <= ROTATED


@pytest.mark.parametrize("place", range(KEPT_FILES))
def test_a_whole_older_file_that_is_missing_is_told(tmp_path: Path, place: int) -> None:
    _write(tmp_path, 200, ROTATED)
    path = _older(tmp_path)[place]
    path.unlink()
    first = _faults(tmp_path)[0]
    if place < KEPT_FILES - 1:
        assert first == f"{path.name}: the whole file is missing"
    else:  # the newest of them: its name does not say that it was there, the chain does
        assert first.startswith(f"{TRAIL}, line 1:")
        assert first.endswith("are missing before it")


def test_missing_files_cannot_be_hidden_by_other_names(tmp_path: Path) -> None:
    _write(tmp_path, 200, ROTATED)
    oldest, *rest = _older(tmp_path)
    oldest.unlink()
    for number, path in enumerate(rest, start=1):
        path.rename(tmp_path / f"{TRAIL}.{number}")
    assert "the beginning is missing" in _faults(tmp_path)[0]


def test_the_first_line_that_is_kept_is_protected_too(tmp_path: Path) -> None:
    _write(tmp_path, 200, ROTATED)
    oldest = _older(tmp_path)[0]
    oldest.write_bytes(oldest.read_bytes().replace(b"Do", b"No", 1))
    assert _faults(tmp_path)[0].startswith(f"{oldest.name}, line 1:")


def test_a_rotation_that_was_killed_loses_nothing(tmp_path: Path) -> None:
    _write(tmp_path, 200, ROTATED)
    newest = _older(tmp_path)[-1]
    (tmp_path / TRAIL).rename(tmp_path / f"{TRAIL}.{int(newest.suffix[1:]) + 1}")  # and nothing removed yet
    assert verify(tmp_path).faults == []
    _write(tmp_path, 100, ROTATED, start=200)
    assert verify(tmp_path).faults == []
    assert len(_older(tmp_path)) == KEPT_FILES


def _older(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{TRAIL}.*"), key=lambda path: int(path.suffix[1:]))


@pytest.mark.parametrize("kept", [1, 40, 150, -2])
def test_a_line_that_a_crash_cut_is_told_and_the_chain_goes_on(tmp_path: Path, kept: int) -> None:
    _write(tmp_path, 5)
    before = (tmp_path / HEAD).read_bytes()
    _write(tmp_path, 1)
    (tmp_path / HEAD).write_bytes(before)  # it is written after the line
    lines = _lines(tmp_path)
    _rewrite(tmp_path, [*lines[:-1], lines[-1][:kept]])
    assert ["is not whole" in note.words for note in verify(tmp_path).notes] == [True]
    _write(tmp_path, 5)
    report = verify(tmp_path)
    assert (report.faults, report.lines) == ([], 10)
    assert [(note.line, note.words) for note in report.notes] == [(6, "a line was cut here, by a crash or a full disk")]
    lines = _lines(tmp_path)
    _rewrite(tmp_path, [*lines[:5], b"other\n", *lines[6:]])
    assert "line 6: this is not a line of the trail" in _faults(tmp_path)[0]


def test_a_line_of_which_only_the_end_was_cut_counts(tmp_path: Path) -> None:
    _write(tmp_path, 5)
    _rewrite(tmp_path, [b"".join(_lines(tmp_path))[:-1]])
    _write(tmp_path, 5)
    report = verify(tmp_path)
    assert _is_clean(report)
    assert report.lines == 10


def test_a_crash_between_a_line_and_the_note_of_it_is_no_fault(tmp_path: Path) -> None:
    _write(tmp_path, 5)
    before = (tmp_path / HEAD).read_bytes()
    _write(tmp_path, 1)
    (tmp_path / HEAD).write_bytes(before)
    assert _is_clean(verify(tmp_path))
    _write(tmp_path, 5)
    assert _is_clean(verify(tmp_path))


def test_what_a_full_disk_took_is_told_and_later_lines_are_whole(tmp_path: Path) -> None:
    trail = AuditFile(tmp_path)
    record = json.dumps({"eventName": "Do", "text": "a" * 100}).encode()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal(SIGXFSZ, SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, old[1]))
    try:
        for _ in range(20):
            trail.write(record)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal(SIGXFSZ, handler)
    assert (tmp_path / TRAIL).stat().st_size == 2000
    for _ in range(3):
        trail.write(record)
    trail.close()
    report = verify(tmp_path)
    assert report.faults == []
    cut, lost = (note.words for note in report.notes)
    assert cut == "a line was cut here, by a crash or a full disk"
    assert lost == f"{23 - report.lines} records before it could not be written, as on a full disk"


def test_it_is_whole_while_several_threads_write_and_files_are_rotated(tmp_path: Path) -> None:
    trail = AuditFile(tmp_path, 40_000)
    record = json.dumps({"eventName": "Do", "text": "a" * 100}).encode()

    def write() -> None:
        for _ in range(1500):
            trail.write(record)

    trail.write(record)
    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    faults = [verify(tmp_path).faults for _ in range(20)]
    for thread in threads:
        thread.join()
    trail.close()
    assert faults == [[]] * 20
    assert (verify(tmp_path).last.sequence, verify(tmp_path).faults) == (4501, [])


def test_lines_from_before_the_chain_are_laid_aside(tmp_path: Path) -> None:
    (tmp_path / TRAIL).write_text('{"principal": "anonymous"}\n')
    (tmp_path / f"{TRAIL}.1").write_text('{"principal": "anonymous"}\n')
    _write(tmp_path, 3)
    assert _is_clean(verify(tmp_path))
    assert sorted(path.name for path in tmp_path.glob("unchained-*")) == [f"unchained-{TRAIL}", f"unchained-{TRAIL}.1"]


def test_a_key_may_lie_elsewhere_and_is_not_made_anew_where_that_is_away(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    _write(folder, 3)
    for name in (KEY, HEAD):
        (folder / name).rename(elsewhere / name)
        (folder / name).symlink_to(elsewhere / name)
    _write(folder, 3)
    assert _is_clean(verify(folder))
    (elsewhere / KEY).rename(elsewhere / "away")
    trail = AuditFile(folder)
    trail.write(b"{}")
    with pytest.raises(ClientFailure, match=r"audit\.key"):
        verify(folder)
    (elsewhere / "away").rename(elsewhere / KEY)
    trail.write(b'{"eventName":"Do"}')
    trail.close()
    report = verify(folder)
    assert (report.faults, report.lines) == ([], 7)
    assert [note.words for note in report.notes] == ["1 records before it could not be written, as on a full disk"]


def test_without_a_trail_that_is_said(tmp_path: Path) -> None:
    (tmp_path / KEY).write_text("00" * 32)
    with pytest.raises(NotFound):
        verify(tmp_path)


def test_any_change_of_any_byte_is_told(tmp_path: Path) -> None:
    _write(tmp_path, 40, ROTATED)
    chosen = random.Random(7)
    for path in [*_older(tmp_path), tmp_path / TRAIL]:
        content = path.read_bytes()
        for place in chosen.sample(range(len(content)), 60):
            changed = bytearray(content)
            changed[place] ^= 1 << chosen.randrange(8)
            path.write_bytes(changed)
            assert _faults(tmp_path), (path.name, place)
        path.write_bytes(content)
    assert verify(tmp_path).faults == []
