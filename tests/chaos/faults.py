"""The faults of a chaos run: which, when, for how long is decided by its seed; each is undone when its time is over."""

from __future__ import annotations

import random
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.engine import BentEngine, programs, send
from tests.chaos.evidence import Evidence, Happened
from tests.chaos.sink import Mood, Sink

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# From the first to the last moment at which a fault begins.
SPAN_SECONDS = 2.5
LONGEST_SECONDS = 1.5
TURNS, MOST = 2, 5
WAIT_SECONDS = 1.5
# So many processes there are from a shim to its program at most, beside the shim; where there are fewer, the program does not run yet.
SANDBOX_DEPTH = 3
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
# How large a file may still become: nothing is written any more, the database is not, large objects are not.
ROOM_BYTES = (1, 65_536, 1_000_000)
# Beyond a quarter of an hour signatures of clients would rightly be refused; what waits, waits longer when the clock goes back.
FORWARD_SECONDS, BACK_SECONDS = 600.0, 2.0
PROCESSES = {"door": "door", "instance": "endpoint-instance", "function": "function", "job": "processing-job"}


@dataclass(frozen=True)
class Planned:
    kind: str
    moment: float
    seconds: float
    amount: float
    """Between 0 and 1: what it says depends on the kind."""


class Target:
    """What faults act upon. `armed` is the race point at which the next engine dies."""

    def __init__(self, live: BentEngine, sink: Sink, seen: Evidence, points: Sequence[str]):
        self.live = live
        self.sink = sink
        self.seen = seen
        self.points = points
        self.armed: str | None = None
        self.missed: set[str] = set()
        """Kinds that found nothing to be done to: they are no excuse for anything."""

    @property
    def has_bad_disk(self) -> bool:
        """Whether the engine that runs has a disk that it cannot write, or that is full; not another one before it."""
        with suppress(ProcessLookupError):
            if resource.prlimit(self.pid, resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
                return True
        return self.live.controls.read()[1]

    @property
    def pid(self) -> int:
        assert self.live.process is not None
        return self.live.process.pid


Fault = Callable[[Target, Planned], "AbstractContextManager[None]"]


def plan(chance: random.Random, number: int) -> list[Planned]:
    """In the order of their moments. Some kinds have their turn by the number of the run, so that a few runs have all."""
    names = list(FAULTS)
    kinds = [names[(TURNS * number + place) % len(names)] for place in range(TURNS)]
    kinds += chance.choices(names, k=chance.randint(0, MOST - TURNS))
    made = [
        Planned(
            kind,
            round(chance.uniform(0, SPAN_SECONDS), 2),
            round(chance.uniform(0.2, LONGEST_SECONDS), 2),
            chance.random(),
        )
        for kind in kinds
    ]
    return sorted(made, key=lambda one: one.moment)


def carry_out(faults: Sequence[Planned], target: Target, tend: Callable[[], None]) -> None:
    """All of them, each undone in the end; `tend` is called all the time."""
    began = time.monotonic()
    ahead = list(faults)
    under_way: list[tuple[float, AbstractContextManager[None], Planned, float]] = []
    try:
        while ahead or under_way or time.monotonic() < began + SPAN_SECONDS:
            now = time.monotonic()
            for one in [one for one in ahead if _is_due(target, one, now - began)]:
                ahead.remove(one)
                acting = FAULTS[one.kind](target, one)
                acting.__enter__()
                under_way.append((now + one.seconds, acting, one, now))
            for entry in [entry for entry in under_way if entry[0] <= now]:
                under_way.remove(entry)
                _undo(target, entry)
            tend()
            time.sleep(0.02)
    finally:
        for entry in under_way:
            _undo(target, entry)


def _is_due(target: Target, one: Planned, since: float) -> bool:
    """A job or function that is to be killed may not run yet: it is waited for, for a while."""
    process = process_of(one.kind)
    if since < one.moment or process is None:
        return since >= one.moment
    return bool(_victims(target, process, one)) or since >= one.moment + WAIT_SECONDS


def process_of(kind: str) -> str | None:
    """Which of PROCESSES it is done to."""
    words = kind.removesuffix("_shim").split("_")
    return words[-1] if words[0] in ("kill", "stop") and words[-1] in PROCESSES else None


def _undo(target: Target, entry: tuple[float, AbstractContextManager[None], Planned, float]) -> None:
    _, acting, one, began = entry
    acting.__exit__(None, None, None)
    if one.kind not in target.missed:
        target.seen.faults.append(Happened(one.kind, began, time.monotonic()))
    target.missed.discard(one.kind)


# ---------------------------------------------------------------------- processes
@contextmanager
def _kill_engine(target: Target, _: Planned) -> Iterator[None]:
    send(target.pid, signal.SIGKILL)
    yield


@contextmanager
def _kill_at_point(target: Target, one: Planned) -> Iterator[None]:
    """The engine dies now, and the next one at a race point, when it comes to it."""
    target.armed = target.points[int(one.amount * len(target.points))] if target.points else None
    send(target.pid, signal.SIGKILL)
    yield


@contextmanager
def _stopped(pids: Sequence[int]) -> Iterator[None]:
    for pid in pids:
        send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            send(pid, signal.SIGCONT)


def _stop_engine(target: Target, _: Planned) -> AbstractContextManager[None]:
    return _stopped([target.pid])


def _victims(target: Target, process: str, one: Planned) -> list[int]:
    """A shim and what runs below it, the program last; nothing where it has not come as far as this fault wants it."""
    shims = target.live.shims(PROCESSES[process])
    found = [shims[int(one.amount * len(shims))]] if shims else []
    found += [pid for shim in found for pid in programs(shim)]
    return found if len(found) > 1 + int(one.amount * SANDBOX_DEPTH) else []


def _kill(process: str, place: int) -> Fault:
    """The shim is the first of the victims, the program the last."""

    @contextmanager
    def kill(target: Target, one: Planned) -> Iterator[None]:
        found = _victims(target, process, one)
        if found:
            send(found[place], signal.SIGKILL)
        else:
            target.missed.add(one.kind)
        yield

    return kill


def _stop_processes(process: str) -> Fault:
    def stop(target: Target, one: Planned) -> AbstractContextManager[None]:
        found = _victims(target, process, one)
        if not found:
            target.missed.add(one.kind)
        return _stopped(found)

    return stop


@contextmanager
def _second_engine(target: Target, one: Planned) -> Iterator[None]:
    """While the first one holds the folder: where that dies meanwhile, the second would rightly run."""
    if not target.live.holds_folder():
        target.missed.add(one.kind)
        yield
        return
    told = target.live.second()
    if target.live.holds_folder():
        target.seen.second_engines.append(told)
    yield


# ---------------------------------------------------------------------- clock, disk, mail, events
@contextmanager
def _jump(target: Target, ahead: float) -> Iterator[None]:
    """It stays so: a machine's clock that was put right is not put wrong again."""
    target.live.controls.write(ahead=ahead)
    yield


def _jump_forward(target: Target, one: Planned) -> AbstractContextManager[None]:
    """All of them together stay within the span: the load signs by this machine's clock, and too far from it is rightly refused."""
    ahead = target.live.controls.read()[0]
    return _jump(target, ahead + one.amount * (FORWARD_SECONDS - ahead))


def _jump_back(target: Target, one: Planned) -> AbstractContextManager[None]:
    return _jump(target, target.live.controls.read()[0] - one.amount * BACK_SECONDS)


def _limit(pid: int, room: tuple[int, int]) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, room)


def _free(target: Target, pid: int) -> None:
    """The engine, and what it has started meanwhile, which has its limit too."""
    shims = target.live.shims("")
    for one in (pid, *shims, *(below for shim in shims for below in programs(shim))):
        _limit(one, NO_LIMIT)


@contextmanager
def _full_disk(target: Target, one: Planned) -> Iterator[None]:
    """The limit on the size of a file stands for the disk."""
    pid = target.pid
    _limit(pid, (ROOM_BYTES[int(one.amount * len(ROOM_BYTES))], resource.RLIM_INFINITY))
    try:
        yield
    finally:
        _free(target, pid)


@contextmanager
def _read_only_disk(target: Target, _: Planned) -> Iterator[None]:
    """Nothing can be opened for writing, made, renamed or removed; and the database, which is open, does not take anything either."""
    pid = target.pid
    target.live.controls.write(is_read_only=True)
    _limit(pid, (1, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        _free(target, pid)
        target.live.controls.write(is_read_only=False)


def _mail(mood: Mood) -> Fault:
    @contextmanager
    def change(target: Target, _: Planned) -> Iterator[None]:
        target.sink.mood = mood
        try:
            yield
        finally:
            target.sink.mood = Mood.WELL

    return change


@contextmanager
def _repeat_actions(target: Target, one: Planned) -> Iterator[None]:
    target.live.controls.write(twice=one.amount)
    try:
        yield
    finally:
        target.live.controls.write(twice=0.0)


@contextmanager
def _lose_outcomes(target: Target, one: Planned) -> Iterator[None]:
    target.live.controls.write(lost=one.amount)
    try:
        yield
    finally:
        target.live.controls.write(lost=0.0)


FAULTS: dict[str, Fault] = {
    "kill_engine": _kill_engine,
    "kill_at_point": _kill_at_point,
    "stop_engine": _stop_engine,
    "second_engine": _second_engine,
    "jump_forward": _jump_forward,
    "jump_back": _jump_back,
    "full_disk": _full_disk,
    "read_only_disk": _read_only_disk,
    "repeat_actions": _repeat_actions,
    "lose_outcomes": _lose_outcomes,
    **{f"mail_{mood.name.lower()}": _mail(mood) for mood in Mood if mood is not Mood.WELL},
    **{f"kill_{name}": _kill(name, -1) for name in PROCESSES},
    **{f"kill_{name}_shim": _kill(name, 0) for name in PROCESSES},
    **{f"stop_{name}": _stop_processes(name) for name in PROCESSES},
}
