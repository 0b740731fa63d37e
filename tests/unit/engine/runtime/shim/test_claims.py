"""Paths and ports that one program of the machine has at a time."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlsystem.engine.runtime.shim import claims
from mlsystem.engine.runtime.shim.claims import Claims, is_ours, sweep
from mlsystem.engine.runtime.shim.plan import Claim

HOLDER = """
import json, sys
from mlsystem.engine.runtime.shim import claims
claims.FOLDER = sys.argv[1]
mine = claims.Claims(json.loads(sys.argv[2]), "the dead one")
assert mine.take() == ""
mine.make()
print("made", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if no other engine of this user were there."""
    folder = tmp_path / "ledger"
    monkeypatch.setattr(claims, "FOLDER", str(folder))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def link(place: Path, source: Path) -> Claim:
    return {"place": str(place), "source": str(source), "port": 0}


def port(number: int) -> Claim:
    return {"place": "", "source": "", "port": number}


def made(holder: str, *wanted: Claim) -> Claims:
    found = Claims(list(wanted), holder)
    assert found.take() == ""
    found.make()
    return found


@contextmanager
def killed_holder(ledger: Path, *wanted: Claim) -> Iterator[None]:
    """Somebody who has them; within, he is dead."""
    command = [sys.executable, "-c", HOLDER, str(ledger), json.dumps(wanted)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"made\n"
        process.send_signal(signal.SIGKILL)
    yield


def test_a_link_leads_where_a_mount_would_and_goes_with_the_folders_that_were_made_for_it(
    tmp_path: Path, source: Path, ledger: Path
) -> None:
    place = tmp_path / "opt/ml/model"
    mine = made("mine", link(place, source))
    assert place.readlink() == source
    assert is_ours(str(place))
    assert is_ours(str(place / "file"))
    mine.give_back()
    assert not (tmp_path / "opt").exists()
    assert not ledger.exists()
    assert not is_ours(str(place))


def test_folders_that_were_there_stay(tmp_path: Path, source: Path) -> None:
    (tmp_path / "opt").mkdir()
    made("mine", link(tmp_path / "opt/ml", source)).give_back()
    assert list((tmp_path / "opt").iterdir()) == []


def test_a_place_that_somebody_has_is_named_with_him_and_free_when_he_gives_it_back(
    tmp_path: Path, source: Path
) -> None:
    place = tmp_path / "ml"
    first = made("job one", link(place, source))
    second = Claims([link(tmp_path / "other", source), link(place, source)], "job two")
    assert second.take() == f"{place}, which job one has"
    assert second.descriptors == [], "all of them, or none"
    first.give_back()
    assert second.take() == ""
    second.give_back()


@pytest.mark.parametrize(("first", "second"), [("ml", "ml/model"), ("ml/model", "ml")])
def test_nobody_gets_what_lies_in_anothers_place_nor_what_that_lies_in(
    tmp_path: Path, source: Path, first: str, second: str
) -> None:
    mine = made("mine", link(tmp_path / first, source))
    problem = Claims([link(tmp_path / second, source)], "other").take()
    assert problem.startswith(f"{tmp_path / second}, which ")
    mine.give_back()


def test_two_share_a_folder_and_the_last_one_removes_it(tmp_path: Path, source: Path) -> None:
    one = made("one", link(tmp_path / "opt/one", source))
    two = made("two", link(tmp_path / "opt/two", source))
    one.give_back()
    assert [path.name for path in (tmp_path / "opt").iterdir()] == ["two"]
    two.give_back()
    assert not (tmp_path / "opt").exists()


def test_what_is_not_ours_is_not_touched(tmp_path: Path, source: Path) -> None:
    place = tmp_path / "ml"
    place.symlink_to("/elsewhere")
    assert Claims([link(place, source)], "mine").take() == f"{place}, where there is something that is not mlsystem's"
    sweep()
    assert str(place.readlink()) == "/elsewhere"


def test_what_a_killed_one_made_is_removed_by_the_next_one_or_by_a_sweep(
    tmp_path: Path, source: Path, ledger: Path
) -> None:
    place = tmp_path / "opt/ml"
    with killed_holder(ledger, link(place, source)):
        assert place.is_symlink()
        made("next", link(place, source)).give_back()
    assert not (tmp_path / "opt").exists()
    with killed_holder(ledger, link(place, source)):
        sweep()
    assert not (tmp_path / "opt").exists()
    assert not ledger.exists()


def test_a_link_that_somebody_put_in_place_of_a_dead_ones_stays(tmp_path: Path, source: Path, ledger: Path) -> None:
    place = tmp_path / "ml"
    with killed_holder(ledger, link(place, source)):
        place.unlink()
        place.symlink_to("/elsewhere")
        sweep()
    assert str(place.readlink()) == "/elsewhere"


def test_who_inherits_the_locks_keeps_the_place(tmp_path: Path, source: Path) -> None:
    """The launcher, until it has ended with its program, when the shim is killed."""
    place = tmp_path / "ml"
    mine = made("mine", link(place, source))
    kept = [os.dup(descriptor) for descriptor in mine.descriptors]
    mine.give_back()
    assert Claims([link(place, source)], "other").take() == f"{place}, which mine has"
    for descriptor in kept:
        os.close(descriptor)
    sweep()
    assert not os.path.lexists(place)


def test_a_port_is_for_one_at_a_time_and_not_to_be_had_where_a_stranger_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        number = stranger.getsockname()[1]
        problem = Claims([port(number)], "mine").take()
        assert problem == f"port {number} of this machine, on which another program listens"
    mine = made("mine", port(number))
    assert Claims([port(number)], "other").take() == f"port {number} of this machine, which mine has"
    mine.give_back()


def test_a_source_that_is_missing_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    mine = Claims([link(tmp_path / "opt/ml", tmp_path / "missing")], "mine")
    assert mine.take() == ""
    with pytest.raises(FileNotFoundError, match="missing"):
        mine.make()
    mine.give_back()
    assert not (tmp_path / "opt").exists()


def test_a_folder_of_somebody_else_is_not_trusted(ledger: Path, source: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not run: only root gives a folder to another user")
    ledger.mkdir()
    os.chown(ledger, 65534, 65534)
    with pytest.raises(PermissionError, match="somebody else's"):
        Claims([link(tmp_path / "ml", source)], "mine").take()
