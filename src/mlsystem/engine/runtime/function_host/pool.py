"""The workers of one host: as many as invocations run side by side, up to a limit, and no more than are of use.

At most two start at a time: starting costs a second of a core, which those that run have better use for.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from .config import Config, Place
from .invocation import Invocation, Outcome, failure
from .journal import Journal
from .worker import Worker

MOST_STARTING = 2
# AWS's limit on what an account runs at the same time.
MOST_IN_FLIGHT = 1000
WORKER_IDLE_SECONDS = 300.0


class Pool:
    """Runs invocations; writes the log and the request records."""

    def __init__(self, config: Config, place: Place, journal: Journal):
        self._config = config
        self._place = place
        self._journal = journal
        self._keys = place.keys()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._starting: set[Worker] = set()
        self._waiting: deque[asyncio.Future[Worker | Outcome]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.in_flight = 0
        self.last_used = time.monotonic()

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self._starting) + len(self._busy) + len(self._idle)

    def warm(self) -> None:
        """Have one worker ready before the first request."""
        if not self.size:
            self._start_one()

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation; never raises."""
        started_at = time.time()
        if self.in_flight >= (self._config.max_workers if self._config.is_reserved else MOST_IN_FLIGHT):
            outcome = failure("TooManyRequestsException", "Rate Exceeded.", "throttled")
            self._journal.request(started_at, 0.0, invocation, outcome, self.in_flight)
            return outcome
        self.in_flight += 1
        try:
            got = await self._acquire()
            if isinstance(got, Outcome):
                return self._not_started(invocation, got, started_at)
            return await self._run(got, invocation)
        finally:
            self.in_flight -= 1
            self.last_used = time.monotonic()

    def trim(self) -> None:
        """End workers that nobody needed for a while, but one, and those whose keys were replaced."""
        horizon = time.monotonic() - WORKER_IDLE_SECONDS
        for worker in [worker for worker in self._idle[:-1] if worker.idle_since < horizon]:
            self._retire(worker)
        if self._retire_outdated() and self._place.is_kept():
            self.warm()

    def close(self) -> None:
        self._is_closed = True
        for worker in [*self._idle, *self._busy, *self._starting]:
            worker.kill()

    # ------------------------------------------------------------------ one invocation
    def _not_started(self, invocation: Invocation, outcome: Outcome, started_at: float) -> Outcome:
        seconds = time.time() - started_at
        lines = [self._journal.started(invocation), *self._journal.ended(invocation, outcome, seconds, None, 0)]
        self._journal.lines(*lines)
        self._journal.request(started_at, seconds, invocation, outcome, self.in_flight)
        return Outcome(outcome.kind, outcome.payload, lines)

    async def _run(self, worker: Worker, invocation: Invocation) -> Outcome:
        init, worker.init_seconds = worker.init_seconds, None
        begin = self._journal.started(invocation)
        self._journal.lines(begin)
        started_at, began = time.time(), time.monotonic()
        outcome = await worker.run(invocation)
        seconds = time.monotonic() - began
        end = self._journal.ended(invocation, outcome, seconds, init, worker.peak_mb())
        self._journal.lines(*end)
        outcome.tail = [begin, *outcome.tail, *end]
        self._journal.request(started_at, seconds, invocation, outcome, self.in_flight)
        self._release(worker)
        return outcome

    # ------------------------------------------------------------------ workers
    async def _acquire(self) -> Worker | Outcome:
        self._retire_outdated()
        if self._idle:
            worker = self._idle.pop()
            self._busy.add(worker)
            return worker
        future: asyncio.Future[Worker | Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._grow()
        return await future

    def _release(self, worker: Worker) -> None:
        """Lend it to the next one, unless it died meanwhile or holds keys that were replaced."""
        if worker not in self._busy:
            return
        self._busy.discard(worker)
        if worker.is_killed or worker.keys != self._keys.read():
            worker.kill()
            self._grow()
            return
        self._offer(worker)

    def _offer(self, worker: Worker) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                self._busy.add(worker)
                future.set_result(worker)
                return
        self._idle.append(worker)

    def _grow(self) -> None:
        while (
            not self._is_closed
            and len(self._starting) < min(MOST_STARTING, len(self._waiting))
            and self.size < self._config.max_workers
        ):
            self._start_one()

    def _start_one(self) -> None:
        worker = Worker(self._config, self._keys.read(), self._journal.lines, self._ready, self._ended)
        self._starting.add(worker)
        task = asyncio.get_running_loop().create_task(worker.start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ready(self, worker: Worker) -> None:
        self._starting.discard(worker)
        self._offer(worker)
        self._grow()

    def _ended(self, worker: Worker, why: Outcome | None) -> None:
        self._starting.discard(worker)
        self._busy.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if why is not None:
            self._fail_one(why)
        self._grow()

    def _fail_one(self, why: Outcome) -> None:
        """A start that failed is the answer to the invocation that it was for."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(why)
                return

    def _retire_outdated(self) -> bool:
        """End the idle workers whose keys were replaced, and soon are refused; whether there were any."""
        keys = self._keys.read()
        outdated = [worker for worker in self._idle if worker.keys != keys]
        for worker in outdated:
            self._retire(worker)
        return outdated != []

    def _retire(self, worker: Worker) -> None:
        self._idle.remove(worker)
        worker.kill()
