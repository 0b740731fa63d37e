"""The worker's promises: what commits together, what is repeated, what is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from mlsystem.engine.decide.errors import ActionFailed, EngineError
from mlsystem.engine.durable.machine import Action, CancelTimer, Entry, Event, Json, Notice, SetTimer, Step
from mlsystem.engine.durable.worker import ActionCall, Worker
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import AlreadyExists, Database, Transaction
from mlsystem.engine.store.records import Record
from tests.live import eventually


class Lamp(Record):
    kind: ClassVar[str] = "test.lamp"
    seen: tuple[str, ...] = ()


class LampMachine:
    """Does what its events say, so that each test writes its own story."""

    model = Lamp

    def advance(self, record: Lamp, event: Event, at: float) -> Step[Lamp]:
        record = record.changed(
            seen=(*record.seen, event.name if event.name != "timer" else f"timer:{event.data['timer']}")
        )
        match event.name:
            case "light":
                return Step(
                    record.changed(state="Lighting"),
                    actions=(Action("test.light", key=record.key, data={"watts": 5}),),
                    timers=(SetTimer("dim", after_seconds=60),),
                    history=(Entry("LightRequested", {"at": at}),),
                )
            case "lit":
                return Step(record.changed(state="Lit"), notices=(Notice("test.lamp.lit", {"key": record.key}),))
            case "blink":
                return Step(record, timers=(SetTimer("dim", after_seconds=1),))
            case "keep":
                return Step(record, timers=(CancelTimer("dim"),))
            case "timer":
                return Step(record.changed(state="Dimmed"))
            case "remove":
                return Step(None)
            case _:
                return Step(record)


class Scene:
    """A worker, its clock, and what reached the world."""

    def __init__(self, folder: Path, time_scale: float = 1.0):
        self.clock = ManualClock(time_scale=time_scale)
        self.database = Database(folder / "state.db", self.clock)
        self.worker = Worker(self.database, self.clock, stop_seconds=0.1)
        self.is_bright = threading.Event()
        self.is_bright.set()
        self.calls: list[ActionCall] = []
        self.notices: list[str] = []
        self.failures: list[Exception] = []
        self.worker.register_machine(LampMachine())
        self.worker.register_action("test.light", self._light)
        self.worker.subscribe("test", "test.lamp.lit", lambda tx, topic, data: self.notices.append(data["key"]))

    def _light(self, call: ActionCall) -> Event | None:
        self.calls.append(call)
        self.is_bright.wait(60)
        if self.failures:
            raise self.failures.pop(0)
        return Event("lit")

    def add(self, key: str) -> None:
        with self.database.transaction() as tx:
            tx.add(Lamp(key=key, state="Off"))

    def send(self, key: str, name: str) -> None:
        with self.database.transaction() as tx:
            self.worker.send(tx, Lamp, key, Event(name))

    def lamp(self, key: str) -> Lamp | None:
        with self.database.reading() as tx:
            return tx.get(Lamp, key)

    def state(self, key: str) -> str:
        lamp = self.lamp(key)
        return lamp.state if lamp else "(gone)"

    def close(self) -> None:
        self.worker.stop()
        self.database.close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


def test_an_action_is_carried_out_and_its_finding_reaches_the_record(scene: Scene) -> None:
    scene.worker.start()
    scene.add("a")
    scene.send("a", "light")
    eventually(lambda: scene.state("a") == "Lit")
    assert [call.data for call in scene.calls] == [{"watts": 5}]
    eventually(lambda: scene.notices == ["a"])


def test_nothing_follows_from_a_transaction_that_is_rolled_back(scene: Scene) -> None:
    scene.worker.start()
    scene.add("a")
    with pytest.raises(RuntimeError, match="no"), scene.database.transaction() as tx:
        scene.worker.send(tx, Lamp, "a", Event("light"))
        raise RuntimeError("no")
    scene.add("b")
    scene.send("b", "light")
    eventually(lambda: scene.state("b") == "Lit")
    assert scene.state("a") == "Off"
    assert [call.owner_key for call in scene.calls] == ["b"]


def test_work_left_in_the_outbox_is_done_by_the_next_worker(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    first.add("a")
    first.send("a", "light")
    first.close()
    assert first.calls == []
    second = Scene(tmp_path)
    second.worker.start()
    eventually(lambda: second.state("a") == "Lit")
    second.close()


def test_what_takes_too_long_to_wait_for_is_done_by_the_next_worker(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    first.is_bright.clear()
    first.worker.start()
    first.add("a")
    first.send("a", "light")
    eventually(lambda: len(first.calls) == 1)
    first.worker.stop()
    assert first.state("a") == "Lighting"
    second = Scene(tmp_path)
    second.worker.start()
    eventually(lambda: second.state("a") == "Lit")
    first.is_bright.set()
    second.close()
    first.close()


def test_an_action_that_raises_is_repeated_after_a_growing_delay(scene: Scene) -> None:
    scene.failures = [OSError("first"), OSError("second")]
    scene.worker.start()
    scene.add("a")
    scene.send("a", "light")
    eventually(lambda: len(scene.calls) == 1)

    def tried_again() -> bool:
        scene.clock.advance(0.1)
        return scene.state("a") == "Lit"

    eventually(tried_again)
    assert [call.attempt for call in scene.calls] == [1, 2, 3]


def test_an_action_that_cannot_succeed_tells_the_record_why(scene: Scene) -> None:
    scene.failures = [ActionFailed("no such bulb")]
    scene.worker.start()
    scene.add("a")
    scene.send("a", "light")
    eventually(lambda: "action_failed" in (scene.lamp("a") or Lamp(key="")).seen)
    assert len(scene.calls) == 1


def test_a_timer_fires_once_when_its_scaled_time_has_come(tmp_path: Path) -> None:
    scene = Scene(tmp_path, time_scale=60)
    scene.worker.start()
    scene.add("a")
    scene.send("a", "light")
    eventually(lambda: scene.state("a") == "Lit")
    scene.clock.advance(0.9)
    scene.add("b")
    assert scene.state("a") == "Lit"
    scene.clock.advance(0.2)
    eventually(lambda: scene.state("a") == "Dimmed")
    scene.clock.advance(3600)
    scene.send("b", "light")
    eventually(lambda: scene.state("b") == "Lit")
    lamp = scene.lamp("a")
    assert lamp is not None
    assert lamp.seen.count("timer:dim") == 1
    scene.close()


def test_a_timer_that_is_set_later_and_due_sooner_fires_in_its_time(scene: Scene) -> None:
    scene.worker.start()
    for key in ("slow", "soon"):
        scene.add(key)
    scene.send("slow", "light")
    eventually(lambda: scene.state("slow") == "Lit")
    scene.send("soon", "blink")
    scene.clock.advance(1.0)
    eventually(lambda: scene.state("soon") == "Dimmed")
    assert scene.state("slow") == "Lit"


def test_a_cancelled_timer_does_not_fire(scene: Scene) -> None:
    scene.worker.start()
    scene.add("a")
    scene.send("a", "light")
    eventually(lambda: scene.state("a") == "Lit")
    scene.send("a", "keep")
    scene.clock.advance(3600)
    scene.add("b")
    scene.send("b", "light")
    eventually(lambda: scene.state("b") == "Lit")
    assert scene.state("a") == "Lit"


def test_a_timer_that_became_due_while_the_engine_was_down_fires_at_the_start(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    first.add("a")
    first.send("a", "light")
    first.close()
    second = Scene(tmp_path)
    second.clock.advance(61)
    second.worker.start()
    eventually(lambda: "timer:dim" in (second.lamp("a") or Lamp(key="")).seen)
    second.close()


def test_actions_of_one_record_run_one_after_the_other(scene: Scene) -> None:
    running = threading.Semaphore(1)
    order: list[int] = []

    def step(call: ActionCall) -> Event | None:
        assert running.acquire(blocking=False), "two actions of one lane ran at once"
        order.append(call.data["number"])
        running.release()
        return None

    scene.worker.register_action("test.step", step)
    scene.worker.start()
    scene.add("a")
    with scene.database.transaction() as tx:
        lamp = tx.get(Lamp, "a")
        assert lamp is not None
        actions = tuple(Action("test.step", key=f"a/{n}", data={"number": n}) for n in range(20))
        scene.worker.commit_step(tx, lamp, Step(lamp, actions=actions))
    eventually(lambda: len(order) == 20)
    assert order == list(range(20))


def test_an_action_that_waits_already_is_not_added_again(scene: Scene) -> None:
    scene.add("a")
    scene.send("a", "light")
    scene.send("a", "light")
    scene.worker.start()
    eventually(lambda: scene.state("a") == "Lit")
    assert len(scene.calls) == 1


def test_a_removed_record_ignores_what_comes_late(scene: Scene) -> None:
    scene.add("a")
    scene.send("a", "light")
    scene.send("a", "remove")
    scene.worker.start()
    eventually(lambda: scene.calls)
    scene.clock.advance(3600)
    scene.add("b")
    scene.send("b", "light")
    eventually(lambda: scene.state("b") == "Lit")
    assert scene.lamp("a") is None


def test_history_commits_with_the_state(scene: Scene) -> None:
    scene.add("a")
    scene.send("a", "light")
    with scene.database.reading() as tx:
        lines = tx.history("test.lamp", "a")
    assert [line[2] for line in lines] == ["LightRequested"]


def test_an_action_that_no_room_registered_is_an_error(scene: Scene) -> None:
    scene.add("a")
    with pytest.raises(EngineError, match=r"test\.paint"), scene.database.transaction() as tx:
        lamp = tx.get(Lamp, "a")
        assert lamp is not None
        scene.worker.commit_step(tx, lamp, Step(lamp, actions=(Action("test.paint", key="a"),)))


def test_a_key_is_taken_once(scene: Scene) -> None:
    scene.add("a")
    with pytest.raises(AlreadyExists):
        scene.add("a")


def test_a_transaction_inside_a_transaction_commits_with_it_or_not_at_all(scene: Scene) -> None:
    with pytest.raises(RuntimeError, match="no"), scene.database.transaction():
        scene.add("a")
        raise RuntimeError("no")
    assert scene.lamp("a") is None


def test_an_action_that_succeeds_is_carried_out_once_however_busy_the_worker_is(scene: Scene) -> None:
    done: list[str] = []
    scene.worker.register_action("test.count", lambda call: done.append(call.key))
    scene.worker.start()
    for number in range(40):
        scene.add(f"lamp{number}")
    for round_number in range(5):
        for number in range(40):
            with scene.database.transaction() as tx:
                lamp = tx.get(Lamp, f"lamp{number}")
                assert lamp is not None
                action = Action("test.count", key=f"{number}/{round_number}")
                scene.worker.commit_step(tx, lamp, Step(lamp, actions=(action,)))
    eventually(lambda: len(done) >= 200)
    assert len(done) == len(set(done)) == 200


def _tell(scene: Scene, topic: str, keys: range) -> None:
    with scene.database.transaction() as tx:
        for key in keys:
            scene.worker.notify(tx, "test.lamp", f"{key}", Notice(topic, {"key": key}))


def test_notices_that_wait_share_commits_and_come_in_order(scene: Scene) -> None:
    told: list[tuple[int, int]] = []
    scene.worker.subscribe("many", "test.told", lambda tx, topic, data: told.append((data["key"], id(tx))))
    _tell(scene, "test.told", range(50))
    scene.worker.start()
    eventually(lambda: len(told) == 50)
    assert [key for key, _ in told] == list(range(50))
    assert len({tx for _, tx in told}) < 10


def test_a_notice_that_cannot_be_delivered_takes_none_before_it_along_and_is_tried_again(scene: Scene) -> None:
    failures = [3]

    def write(tx: Transaction, topic: str, data: Json) -> None:
        """Writes a record: what a transaction that fails has written is not there."""
        if data["key"] in failures:
            raise OSError("not now")
        tx.add(Lamp(key=f"{data['key']}", state="Lit"))

    scene.worker.subscribe("many", "test.told", write)
    _tell(scene, "test.told", range(6))
    scene.worker.start()
    eventually(lambda: scene.state("2") == "Lit")
    assert scene.state("3") == scene.state("4") == "(gone)"
    failures.clear()

    def is_told_after_a_while() -> bool:
        scene.clock.advance(1)
        return scene.state("5") == "Lit"

    eventually(is_told_after_a_while)
    assert [scene.state(f"{key}") for key in range(6)] == ["Lit"] * 6
