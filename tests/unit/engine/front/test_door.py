"""The choice of the front door's port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.door import reserve_port
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database

HOST = "127.0.0.1"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "state.db", SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program has."""
    with socket.create_server((HOST, 0)) as server:
        yield int(server.getsockname()[1])


def _chosen(database: Database, wanted: int = 0, is_open: bool = False) -> int:
    port = reserve_port(database, HOST, wanted, is_open)
    port.release()
    return port.number


def test_a_free_port_is_chosen_once_and_kept(database: Database) -> None:
    first = _chosen(database)
    assert first > 0
    assert _chosen(database) == first


def test_a_wanted_port_that_is_taken_is_refused_in_one_line(database: Database, taken: int) -> None:
    with pytest.raises(StartupError, match=f"port {taken} on 127.0.0.1 is in use: .*--port"):
        reserve_port(database, HOST, taken, is_open=False)


def test_the_port_of_the_front_door_that_runs_is_its_own(database: Database) -> None:
    port = _chosen(database)
    with socket.create_server((HOST, port)):
        assert _chosen(database, port, is_open=True) == port
        assert _chosen(database, is_open=True) == port


def test_a_free_port_of_before_that_was_taken_meanwhile_is_replaced(database: Database) -> None:
    port = _chosen(database)
    with socket.create_server((HOST, port)):
        another = _chosen(database)
    assert another != port
    assert _chosen(database) == another


def test_a_reserved_port_is_taken_by_who_listens_on_it_and_given_to_nobody_else(database: Database) -> None:
    port = reserve_port(database, HOST, 0, is_open=False)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, port.number))
    with socket.create_server((HOST, port.number)) as server, socket.create_connection((HOST, port.number)):
        server.accept()[0].close()
        port.release()
