"""The front door outlives the engine, and the engine looks after it."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from mlsystem.engine.runtime.shim.record import lock_holder
from tests.chaos.engine import programs, send
from tests.live import LiveEngine, eventually
from tests.serving import Load, Serving


@pytest.fixture
def served(new_engine: Callable[..., LiveEngine]) -> Iterator[tuple[Serving, str]]:
    """An endpoint of two instances on an engine of the test's own."""
    live = new_engine()
    live.start()
    serving = Serving(live)
    yield serving, serving.endpoint(serving.simple_config(count=2))


def _kill(lock: Path) -> None:
    """A process dies with its shim."""
    pid = lock_holder(str(lock))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def _doors(live: LiveEngine) -> list[Path]:
    return [lock for lock in live.living_processes() if lock.parent.name.startswith("door.")]


def test_endpoints_serve_on_while_the_engine_is_dead_and_are_adopted(served: tuple[Serving, str]) -> None:
    serving, name = served
    live = serving.engine
    url, processes, doors = live.url, serving.processes(name), _doors(live)
    with Load(lambda: serving.invoke(name, b"7")) as load:
        live.kill()
        eventually(lambda: len(load.answers) > 50)
        with pytest.raises(ClientError, match="mlsystem up") as error:
            serving.sagemaker.describe_endpoint(EndpointName=name)
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        live.start()
        sent = len(load.answers)
        eventually(lambda: len(load.answers) > sent + 20)
    assert load.failures == []
    assert live.url == url
    assert (serving.processes(name), _doors(live)) == (processes, doors)
    assert serving.await_settled(name)["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_an_instance_that_died_with_the_engine_is_started_again(served: tuple[Serving, str]) -> None:
    serving, name = served
    live = serving.engine
    live.kill()
    victim = next(lock for lock in live.living_processes() if lock.parent.name.startswith("endpoint-instance."))
    _kill(victim)
    # The door asks the other one.
    assert [serving.invoke(name) for _ in range(5)] == ["hello,1,1,2"] * 5
    live.start()
    eventually(lambda: len(serving.processes(name)) == 2)
    assert victim.parent.name not in serving.processes(name)


def test_a_front_door_that_dies_is_opened_again_on_the_same_port(served: tuple[Serving, str]) -> None:
    serving, name = served
    (before,) = _doors(serving.engine)
    _kill(before)
    eventually(lambda: _doors(serving.engine) not in ([], [before]))
    eventually(lambda: _answers(serving, name))


def test_a_front_door_whose_program_outlives_its_shim_is_opened_when_that_has_let_go_of_the_port(
    served: tuple[Serving, str],
) -> None:
    """What is stopped ends when it goes on."""
    serving, name = served
    live = serving.engine
    (before,) = _doors(live)
    shim = lock_holder(str(before))
    assert shim is not None
    below = programs(shim)
    for pid in below:
        send(pid, signal.SIGSTOP)
    try:
        _kill(before)
        eventually(lambda: "the front door ended" in live.log())
        select.select([], [], [], 1.0)  # in which another one could begin
        assert _doors(live) == []
    finally:
        for pid in below:
            send(pid, signal.SIGCONT)
    eventually(lambda: _answers(serving, name))


def _answers(serving: Serving, name: str) -> bool:
    try:
        return serving.invoke(name) == "hello,1,1,2"
    except (ClientError, BotoCoreError):
        return False


def test_an_engine_that_ends_in_good_order_leaves_no_process_and_serves_again_when_it_starts(
    served: tuple[Serving, str],
) -> None:
    serving, name = served
    live = serving.engine
    assert live.process is not None
    live.process.send_signal(signal.SIGTERM)
    assert live.await_death() == 0
    assert live.living_processes() == []
    live.start()
    eventually(lambda: len(serving.processes(name)) == 2)

    def has_both() -> bool:
        variant = serving.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]
        return bool(variant["CurrentInstanceCount"] == 2)

    eventually(has_both)
    eventually(lambda: serving.invoke(name) == "hello,1,1,2")
