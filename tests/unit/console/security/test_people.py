"""Who has a token is who may use the console, and a token is nowhere but with its owner."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.console.security.people import FILE, People, Person, Role


def test_a_token_lets_its_person_in_with_their_role_and_no_other_does(tmp_path: Path) -> None:
    people = People(tmp_path)
    ann, bob = people.add("Ann", Role.APPROVER), people.add("Bob", Role.VIEWER)
    assert people.signed_in(ann) == Person("Ann", Role.APPROVER)
    assert people.signed_in(bob) == Person("Bob", Role.VIEWER)
    for wrong in ("", ann[:-1], ann + "x", ann.swapcase(), "é"):
        assert people.signed_in(wrong) is None


def test_no_token_is_in_the_file_and_nobody_else_reads_it(tmp_path: Path) -> None:
    token = People(tmp_path).add("Ann", Role.ADMIN)
    assert token not in (tmp_path / FILE).read_text()
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_second_token_replaces_the_first(tmp_path: Path) -> None:
    people = People(tmp_path)
    first = people.add("Ann", Role.ADMIN)
    mark = people.fingerprint("Ann")
    second = people.add("Ann", Role.VIEWER)
    assert people.signed_in(first) is None
    assert people.signed_in(second) == Person("Ann", Role.VIEWER)
    assert people.fingerprint("Ann") != mark, "sessions of the first token must end"


def test_whoever_is_forgotten_has_no_token_any_more(tmp_path: Path) -> None:
    people = People(tmp_path)
    token = people.add("Ann", Role.ADMIN)
    people.remove("Ann")
    assert people.signed_in(token) is None
    assert people.is_empty
    with pytest.raises(NotFound, match="mlsystem console people"):
        people.remove("Ann")


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "line\nbreak", "\x1b[31m"])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClientFailure, match="no name"):
        People(tmp_path).add(name, Role.VIEWER)


def test_a_file_that_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    people = People(tmp_path)
    people.add("Ann", Role.ADMIN)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ClientFailure, match="cannot be read"):
        _ = people.is_empty


@pytest.mark.parametrize(
    "content", ["[1]", "3", '{"Ann": 1}', '{"Ann": {"role": "boss", "token": "x"}}', '{"Ann": {"role": "admin"}}']
)
def test_a_file_that_is_no_list_of_people_lets_nobody_in(tmp_path: Path, content: str) -> None:
    people = People(tmp_path)
    people.add("Ann", Role.ADMIN)
    (tmp_path / FILE).write_text(content)
    for ask in (people.all, lambda: people.signed_in("x"), lambda: people.fingerprint("Ann")):
        with pytest.raises(ClientFailure, match="cannot be read"):
            ask()


def test_two_who_add_people_at_the_same_time_lose_none(tmp_path: Path) -> None:
    names = [f"Person {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: People(tmp_path).add(name, Role.VIEWER), names))
    assert sorted(names) == [one.name for one in People(tmp_path).all()]


def test_a_disk_that_takes_no_more_changes_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = People(tmp_path)
    people.add("Ann", Role.ADMIN)

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ClientFailure, match="No space left on device; nothing was changed"):
        people.add("Bob", Role.ADMIN)
    assert [one.name for one in people.all()] == ["Ann"]


def test_each_role_may_do_what_those_before_it_may() -> None:
    for role in Role:
        assert [Person("x", role).may(other) for other in Role] == [other <= role for other in Role]
