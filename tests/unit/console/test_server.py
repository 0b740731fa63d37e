"""The console begins where it is told to, or says in one line why it cannot; and knows who can reach it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mlsystem.client.errors import ClientFailure
from mlsystem.console.security.gate import Gate, serves_loopback
from mlsystem.console.security.people import People, Role
from mlsystem.console.security.session import Sessions
from mlsystem.console.server import is_open, listen, listen_inside


@pytest.mark.parametrize("host", ["a..b", "no.such.host.invalid", "203.0.113.1", "x" * 70])
def test_an_address_that_is_not_this_machines_is_one_line(host: str) -> None:
    with pytest.raises(ClientFailure, match="cannot listen on"):
        listen(host, 0)


def test_a_port_in_use_is_one_line() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(ClientFailure, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_it_is_known_whether_others_reach_it(host: str, expected: bool) -> None:
    with listen(host, 0) as listener:
        assert is_open(listener) is expected


def test_a_socket_in_the_data_folder_is_reached_by_nobody_else(tmp_path: Path) -> None:
    with listen_inside(tmp_path / "s") as listener:
        assert listener.family == socket.AF_UNIX
        assert not is_open(listener)


def test_when_the_last_token_is_taken_away_an_open_console_lets_nobody_in(tmp_path: Path) -> None:
    people = People(tmp_path)
    opened = Gate(people, Sessions(tmp_path), serves_loopback, is_open=True)
    people.add("Ann", Role.ADMIN)
    people.remove("Ann")
    assert opened.person(None) is None
    assert Gate(people, Sessions(tmp_path), serves_loopback).person(None) is not None, "here it is the machine's owner"
