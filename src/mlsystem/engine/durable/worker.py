"""The worker: makes steps durable, fires timers, carries out actions.

One loop sleeps until the next timer or until a commit adds work. Actions run in a pool of threads, outside any transaction; what an action
found out becomes an event of the record that asked for it, and commits together with the removal of the action. After a crash whatever
is still in the outbox is done again: hence at least once, and hence keys.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from mlsystem.engine.decide.errors import ActionFailed, EngineError
from mlsystem.engine.durable.machine import Action, Event, Json, Machine, Notice, Step
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.durable.timers import Timers
from mlsystem.engine.store import schema
from mlsystem.engine.store.clock import Clock
from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.records import Record
from mlsystem.engine.store.statement import Statement

log = logging.getLogger(__name__)

THREADS = 64
NOTICE = "notice:"
MOST_NOTICES = 200  # that one thread delivers to one subscriber before others have their turn
NOTICES_A_COMMIT = 20  # of one subscriber: each commit waits for the disk, and is waited for by all who write
FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 30.0
# How long the worker rests when it cannot write at all.
TROUBLE_SECONDS = 5.0
# How long it waits for what is being carried out when it is to stop: a function may take a quarter of an hour.
STOP_SECONDS = 5.0

_outbox = schema.outbox.c
_ADD_JOB = Statement(
    insert(schema.outbox).on_conflict_do_nothing(), [column.name for column in _outbox if column is not _outbox.id]
)
_jobs = select(schema.outbox).order_by(_outbox.id)
_HEADS = Statement(_jobs.where(_outbox.id.in_(select(func.min(_outbox.id)).group_by(_outbox.lane))))
_HEAD_OF_LANE = Statement(_jobs.where(_outbox.lane == bindparam("lane")).limit(NOTICES_A_COMMIT))
_REMOVE_JOB = Statement(delete(schema.outbox).where(_outbox.id == bindparam("job")))
_POSTPONE_JOB = update(schema.outbox).where(_outbox.id == bindparam("job"))


@dataclass(frozen=True)
class ActionCall:
    """What an action handler is given: `key` is what the action is for, `attempt` counts from 1."""

    key: str
    data: Json
    attempt: int
    owner_kind: str
    owner_key: str


ActionHandler = Callable[[ActionCall], Event | None]
NoticeHandler = Callable[[Transaction, str, Json], None]


@dataclass(frozen=True)
class _Job:
    id: int
    key: str
    lane: str
    target: str
    owner_kind: str
    owner_key: str
    data: dict[str, Any]
    attempts: int


class Worker:
    """See the module. Thread-safe; `register` before `start`."""

    def __init__(self, database: Database, clock: Clock, stop_seconds: float = STOP_SECONDS):
        self._database = database
        self._clock = clock
        self._stop_seconds = stop_seconds
        self._machines: dict[str, Machine[Any]] = {}
        self._actions: dict[str, ActionHandler] = {}
        self._subscribers: dict[str, dict[str, NoticeHandler]] = {}
        self._condition = threading.Condition()
        self._wake = False
        self._stopping = False
        self._timers = Timers(clock, self._notify_loop)
        self._busy_lanes: set[str] = set()
        # Lanes whose head could not even be postponed, and until when they rest.
        self._barred: dict[str, float] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="action")
        self._under_way: set[Future[None]] = set()
        self._loop: threading.Thread | None = None

    # ------------------------------------------------------------------ registration
    def register_machine(self, machine: Machine[Any]) -> None:
        _add_once(self._machines, machine.model.kind, machine)

    def register_action(self, name: str, handler: ActionHandler) -> None:
        _add_once(self._actions, name, handler)

    def subscribe(self, subscriber: str, topic: str, handler: NoticeHandler) -> None:
        """`handler(tx, topic, data)` runs once for each notice, in the order of the notices.

        Several notices that wait for one subscriber share a transaction, which holds nothing else; where one of them fails, none of
        them was delivered, and each is tried in one of its own.
        """
        _add_once(self._subscribers.setdefault(topic, {}), subscriber, handler)

    # ------------------------------------------------------------------ life
    def start(self) -> None:
        self._loop = threading.Thread(target=self._run, name="worker", daemon=True)
        self._loop.start()

    def stop(self) -> None:
        """Finish what is soon carried out and stop; the rest is in the outbox, for the next worker to carry out."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._loop is not None:
            self._loop.join()
        self._pool.shutdown(wait=False, cancel_futures=True)
        _, given_up = wait(tuple(self._under_way), self._stop_seconds)
        if given_up:
            log.info("%d actions take too long to wait for: they will be carried out again", len(given_up))

    # ------------------------------------------------------------------ deciding
    def send(self, tx: Transaction, model: type[Record], key: str, event: Event) -> None:
        """Let the record decide about an event, now, in this transaction. An unknown record ignores it: it was deleted."""
        record = tx.get(model, key)
        if record is not None:
            self.commit_step(tx, record, self._machines[model.kind].advance(record, event, tx.now))

    def commit_step(self, tx: Transaction, before: Record, step: Step[Any]) -> None:
        """Write everything that a step says. `before` names the record when the step removes it."""
        kind, key = before.kind, before.key
        if step.record is None:
            tx.remove(type(before), key)
        else:
            tx.put(step.record)
        for entry in step.history:
            tx.record_history(kind, key, entry.type, json.dumps(entry.data))
        for timer in step.timers:
            self._timers.write(tx, kind, key, timer)
        for action in step.actions:
            self._write_action(tx, kind, key, action)
        for notice in step.notices:
            self.notify(tx, kind, key, notice)
        point = (
            f"{kind}.{(step.record or before).state}"
            if step.record is None or step.record.state != before.state
            else None
        )
        if point:
            race_point(f"{point}.before_commit")
            tx.after_commit(lambda: race_point(f"{point}.after_commit"))

    def notify(self, tx: Transaction, kind: str, key: str, notice: Notice) -> None:
        """Queue a notice for each subscriber; it is delivered if, and only if, this transaction commits."""
        for subscriber in self._subscribers.get(notice.topic, {}):
            self._write_job(
                tx, None, f"notice:{subscriber}", f"notice:{subscriber}:{notice.topic}", kind, key, notice.data
            )

    def _write_action(self, tx: Transaction, kind: str, key: str, action: Action) -> None:
        if action.name not in self._actions:
            raise EngineError(f"{kind} {key} asked for the action {action.name}, which no room registered")
        lane = action.lane or f"{kind}/{key}"
        self._write_job(tx, f"{action.name}/{action.key}", lane, action.name, kind, key, action.data)

    def _write_job(
        self, tx: Transaction, idempotency_key: str | None, lane: str, target: str, kind: str, key: str, data: Json
    ) -> None:
        values = {
            "idempotency_key": idempotency_key,
            "lane": lane,
            "target": target,
            "owner_kind": kind,
            "owner_key": key,
            "body": json.dumps(data),
            "attempts": 0,
            "not_before": 0.0,
        }
        tx.change(_ADD_JOB, values)
        tx.after_commit(self._notify_loop)

    # ------------------------------------------------------------------ the loop
    def _notify_loop(self) -> None:
        with self._condition:
            self._wake = True
            self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    return
                self._wake = False
            until = self._turn()
            with self._condition:
                if not self._wake and not self._stopping and (until is None or until > self._clock.now()):
                    self._clock.wait(self._condition, until)

    def _turn(self) -> float | None:
        """Fire and hand out what is due; when to look again."""
        try:
            moments = (self._fire_timers(), self._dispatch())
        except Exception:  # the supervisor: a database that cannot be written, on a full disk, may be writable again
            log.exception("the worker cannot go on, and tries again in %d s", TROUBLE_SECONDS)
            return self._clock.now() + TROUBLE_SECONDS
        return min((moment for moment in moments if moment is not None), default=None)

    def _fire_timers(self) -> float | None:
        """Fire every due timer, each in a transaction of its own; the instant of the next one."""
        while (row := self._timers.due(self._database)) is not None:
            try:
                self._fire(row)
            except Exception:
                log.exception("the timer %s of %s %s did not fire", row.name, row.kind, row.key)
                with self._database.transaction() as tx:
                    self._timers.delay(tx, row, LONGEST_RETRY_SECONDS)
        return self._timers.next_at

    def _fire(self, row: Any) -> None:
        with self._database.transaction() as tx:
            if self._timers.fire(tx, row):
                event = Event("timer", {"timer": row.name, **json.loads(row.body)})
                self.send(tx, self._machines[row.kind].model, row.key, event)

    def _dispatch(self) -> float | None:
        """Hand the head of every free lane to the pool; the instant at which the next one may be tried again."""
        now = self._clock.now()
        next_retry: float | None = None
        with self._condition:
            # A lane that is free here has seen the end of its last job committed: its head, read from now on, is still to be done.
            busy = set(self._busy_lanes)
        for job, written in self._heads():
            not_before = max(written, self._barred.get(job.lane, 0.0))
            if job.lane in busy:
                continue
            if not_before > now:
                next_retry = not_before if next_retry is None else min(next_retry, not_before)
                continue
            with self._condition:
                self._busy_lanes.add(job.lane)
                self._barred.pop(job.lane, None)
            future = self._pool.submit(self._carry_out, job)
            self._under_way.add(future)
            future.add_done_callback(self._under_way.discard)
        return next_retry

    def _heads(self) -> Sequence[tuple[_Job, float]]:
        with self._database.reading() as tx:
            rows = tx.rows(_HEADS, {})
        return [(_job(row), row.not_before) for row in rows]

    # ------------------------------------------------------------------ carrying out
    def _carry_out(self, job: _Job) -> None:
        try:
            if job.target.startswith(NOTICE):
                for waiting in self._waiting_notices(job.lane):
                    job = waiting[0]
                    self._deliver_together(waiting)
            else:
                self._act(job)
        except Exception:  # the supervisor: whatever a handler did, its job is tried again
            log.exception(
                "%s for %s %s did not succeed (attempt %d)", job.target, job.owner_kind, job.owner_key, job.attempts + 1
            )
            self._postpone_or_bar(job)
        finally:
            with self._condition:
                self._busy_lanes.discard(job.lane)
                self._wake = True
                self._condition.notify_all()

    def _waiting_notices(self, lane: str) -> Iterator[list[_Job]]:
        """Those at the head of a lane, which is this thread's meanwhile: a subscriber who is told much would else wait for the loop,
        and for the disk, at each of them."""
        for _ in range(MOST_NOTICES // NOTICES_A_COMMIT):
            with self._condition:
                if self._stopping:
                    return
            with self._database.reading() as tx:
                rows = tx.rows(_HEAD_OF_LANE, {"lane": lane})
            # None overtakes one that is to be tried again later.
            resting = next((place for place, row in enumerate(rows) if row.not_before > self._clock.now()), len(rows))
            if not resting:
                return
            yield [_job(row) for row in rows[:resting]]

    def _deliver_together(self, jobs: Sequence[_Job]) -> None:
        if len(jobs) > 1:
            try:
                self._deliver(jobs)
            except Exception:
                log.exception("%d notices in %s failed together: now the first by itself", len(jobs), jobs[0].lane)
            else:
                return
        self._deliver(jobs[:1])

    def _deliver(self, jobs: Sequence[_Job]) -> None:
        race_point(f"{jobs[0].target}.before")
        with self._database.transaction() as tx:
            for job in jobs:
                _, subscriber, topic = job.target.split(":", 2)
                if self._remove(tx, job):
                    self._subscribers[topic][subscriber](tx, topic, job.data)

    def _act(self, job: _Job) -> None:
        race_point(f"{job.target}.before")
        call = ActionCall(job.key, job.data, job.attempts + 1, job.owner_kind, job.owner_key)
        try:
            event = self._actions[job.target](call)
        except ActionFailed as failure:
            event = Event(
                "action_failed", {"action": job.target, "reason": failure.reason, "code": failure.code, **job.data}
            )
        race_point(f"{job.target}.after")
        with self._database.transaction() as tx:
            if self._remove(tx, job) and event is not None:
                self.send(tx, self._machines[job.owner_kind].model, job.owner_key, event)

    def _remove(self, tx: Transaction, job: _Job) -> bool:
        return bool(tx.change(_REMOVE_JOB, {"job": job.id}))

    def _postpone_or_bar(self, job: _Job) -> None:
        try:
            self._postpone(job)
        except Exception:  # the supervisor: on a full disk the lane rests, lest its head be tried again at once
            log.exception("%s for %s %s cannot be postponed", job.target, job.owner_kind, job.owner_key)
            with self._condition:
                self._barred[job.lane] = self._clock.now() + TROUBLE_SECONDS

    def _postpone(self, job: _Job) -> None:
        delay = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**job.attempts)
        with self._database.transaction() as tx:
            values = {"attempts": job.attempts + 1, "not_before": self._clock.now() + delay}
            tx.connection.execute(_POSTPONE_JOB, {"job": job.id, **values})


def _job(row: Any) -> _Job:
    return _Job(
        id=row.id,
        key=row.idempotency_key,
        lane=row.lane,
        target=row.target,
        owner_kind=row.owner_kind,
        owner_key=row.owner_key,
        data=json.loads(row.body),
        attempts=row.attempts,
    )


def _add_once(registry: dict[str, Any] | Mapping[str, Any], name: str, what: object) -> None:
    assert isinstance(registry, dict)
    if name in registry:
        raise EngineError(f"{name} is registered twice")
    registry[name] = what
