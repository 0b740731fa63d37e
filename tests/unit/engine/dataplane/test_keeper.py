"""The keeper makes the front door serve what the database says: against a real Envoy."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mlsystem.engine.dataplane.errors import DataPlaneError
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.dataplane.state import Endpoint, Variant
from mlsystem.engine.decide.errors import EngineError
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from tests.unit.engine.dataplane.rig import Rig, await_true


class Kept:
    """A rig whose state is the database's setting `names`: endpoints that one server answers."""

    def __init__(self, rig: Rig):
        self.rig = rig
        self.database = Database(rig.folder / "state.db", SystemClock())
        self.database.setting("names", str)
        self.server = rig.upstream("model", b"42")
        self.keeper = DoorKeeper(rig.plane, rig.door, self.database)
        self.keeper.endpoints_from(lambda _: self._endpoints())
        self.keeper.write()
        rig.start()
        self.keeper.start()

    def _endpoints(self) -> Iterator[Endpoint]:
        for name in self.database.setting("names", str).split():
            yield Endpoint(name, (Variant("A", 1, (self.server.path,)),))

    def close(self) -> None:
        self.keeper.stop()
        self.database.close()


@pytest.fixture
def kept() -> Iterator[Kept]:
    rig = Rig()
    made = Kept(rig)
    yield made
    made.close()
    rig.close()


def test_what_is_settled_is_served(kept: Kept) -> None:
    assert kept.rig.invoke("one").status == 400
    kept.database.change_setting("names", "one")
    kept.keeper.settle()
    assert kept.rig.invoke("one").body == b"42"
    kept.database.change_setting("names", "")
    kept.keeper.settle()
    assert kept.rig.invoke("one").status == 400


def test_a_refresh_is_followed_soon(kept: Kept) -> None:
    kept.database.change_setting("names", "one")
    kept.keeper.refresh()
    await_true(lambda: kept.rig.invoke("one").status == 200, "the endpoint is served")


def test_many_who_settle_at_once_are_all_answered(kept: Kept) -> None:
    kept.database.change_setting("names", "one two three")
    threads = [threading.Thread(target=kept.keeper.settle) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [kept.rig.invoke(name).status for name in ("one", "two", "three")] == [200] * 3


def test_what_cannot_be_configured_is_an_error_and_changes_nothing(kept: Kept) -> None:
    kept.database.change_setting("names", "one")
    kept.keeper.settle()
    kept.database.change_setting("names", "one _")
    with pytest.raises(DataPlaneError, match="'_' is no endpoint"):
        kept.keeper.settle()
    assert kept.rig.invoke("one").status == 200
    kept.database.change_setting("names", "one")
    kept.keeper.settle()


def test_without_envoy_it_is_an_error_and_made_good_when_it_is_back(kept: Kept) -> None:
    kept.rig.stop()
    kept.database.change_setting("names", "one")
    with pytest.raises(DataPlaneError):
        kept.keeper.settle()
    kept.rig.start()
    kept.keeper.settle()
    assert kept.rig.invoke("one").status == 200


def test_settling_inside_a_transaction_is_refused(kept: Kept) -> None:
    with kept.database.transaction(), pytest.raises(EngineError, match="inside a transaction"):
        kept.keeper.settle()
