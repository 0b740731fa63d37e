"""The hosts of functions: one process tree a version, started when it is first needed, adopted by the next engine.

A host's folder is named by its function and version, and so is its socket, whichever process has it just now. A process is named by its
generation. Who comes new takes over the socket from who was there, so no request meets a closed door.
"""

from __future__ import annotations

import hashlib
import json
import select
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Action, Event, Json, Machine, SetTimer, Step
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.runtime.errors import ProcessError, ProcessStillRunning
from mlsystem.engine.runtime.process import Exited, Running
from mlsystem.engine.runtime.workload import Machinery, log_closed, log_opened
from mlsystem.engine.services.lambda_.configuration import log_group
from mlsystem.engine.services.lambda_.directory import Runnable, runnable
from mlsystem.engine.services.lambda_.host_plan import OWNER, HostPlans
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

RESTART, REFRESH_KEYS = "lambda.restart_host", "lambda.refresh_keys"
READY_SECONDS = 20.0
POLL_SECONDS = 0.005
STOP_SECONDS = 10.0


class HostRecord(Record):
    """`key` is `name:version`, `parent` the name. `mark` is that of the Runnable that it runs; `is_kept`: it must not end."""

    kind: ClassVar[str] = "lambda.host"
    generation: str
    mark: str
    role: str
    is_kept: bool = False

    @property
    def version(self) -> str:
        return self.key.rsplit(":", 1)[1]

    @property
    def process_id(self) -> str:
        return f"{OWNER}.{self.generation}"


class HostMachine:
    """`started` and `keys_refreshed` set the alarm clock for new keys; `exited` brings back a host that must not end."""

    model = HostRecord

    def __init__(self, key_seconds: float):
        self._key_seconds = key_seconds

    def advance(self, record: HostRecord, event: Event, at: float) -> Step[HostRecord]:
        match event.name:
            case "started" | "keys_refreshed":
                return Step(record, timers=(SetTimer("keys", at=at + self._key_seconds / 2),))
            case "timer":
                return Step(record, actions=(Action(REFRESH_KEYS, key=f"{record.key}/{int(at)}"),))
            case "exited" if event.data["generation"] == record.generation:
                if not record.is_kept:
                    return Step(None)
                return Step(record, actions=(Action(RESTART, key=f"{record.key}/{record.generation}"),))
            case _:
                return Step(record)


class Hosts(Part):
    """See the module. `ensure` may be called from several threads, and outside of transactions only."""

    def __init__(self, house: House, machinery: Machinery, plans: HostPlans):
        self._house = house
        self._machinery = machinery
        self._plans = plans
        self._machine = HostMachine(machinery.credentials.key_seconds)
        self._locks: dict[str, threading.Lock] = {}
        self._locks_lock = threading.Lock()

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {RESTART: self._restart, REFRESH_KEYS: self._refresh_keys}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"lambda.function.deleted": self._on_deleted, "lambda.version.deleted": self._on_deleted}

    def start(self) -> None:
        self._plans.apis.mkdir(exist_ok=True, mode=0o700)
        self.root.mkdir(exist_ok=True, mode=0o700)
        self._machinery.exits.subscribe(OWNER, self._on_exit)
        with self._house.database.reading() as tx:
            known = {host.process_id for host in tx.all(HostRecord)}
        for folder in self._house.folder.processes.glob(f"{OWNER}.*"):
            if folder.name not in known:  # its successor was there already when the engine died
                self._machinery.runner.stop(folder.name, "another host has taken its place")

    def is_restored(self) -> bool:
        with self._house.database.reading() as tx:
            return all(self._is_ready(host) for host in tx.all(HostRecord) if host.is_kept)

    def stop(self) -> None:
        """An engine that ends in good order takes its hosts along."""
        with self._house.database.reading() as tx:
            ids = [host.process_id for host in tx.all(HostRecord)]
        for process_id in ids:
            self._machinery.runner.stop(process_id, "the engine ends")
        deadline = time.monotonic() + STOP_SECONDS
        while any(self._is_running(process_id) for process_id in ids) and time.monotonic() < deadline:
            select.select([], [], [], POLL_SECONDS)

    # ------------------------------------------------------------------ for the room
    def ensure(self, run: Runnable, is_kept: bool = False) -> Path:
        """The socket of a host that runs it and accepts requests. Raises AwsError when there can be none."""
        with self._lock(run.key):
            with self._house.database.reading() as tx:
                record = tx.get(HostRecord, run.key)
            if record is not None and record.mark == run.mark and self._is_running(record.process_id):
                if is_kept and not record.is_kept:
                    self._keep(record)
                self._await_ready(record)
                return self._socket(run.key)
            return self._replace(run, record, is_kept or (record is not None and record.is_kept))

    def release(self, tx: Transaction, host: HostRecord) -> None:
        """It may end when nobody calls it for a while."""
        tx.put(host.changed(is_kept=False))
        (self._folder(host.key) / "keep").unlink(missing_ok=True)

    # ------------------------------------------------------------------ starting
    def _replace(self, run: Runnable, before: HostRecord | None, is_kept: bool) -> Path:
        generation = self._house.new_id(16)
        record = HostRecord(
            key=run.key,
            parent=run.name,
            generation=generation,
            mark=run.mark,
            role=run.configuration["Role"],
            is_kept=is_kept,
        )
        folder = self._folder(run.key)
        folder.mkdir(exist_ok=True, mode=0o700)
        spec = self._plans.spec(run, folder, generation, self._log_path(generation))
        stream = self._plans.stream(run.version, generation)
        _write(folder / "name.json", [run.name, run.version])
        _write(folder / f"config.{generation}.json", self._plans.config(run, stream))
        self._write_keys(record)
        if is_kept:
            (folder / "keep").touch()
        with self._house.database.transaction() as tx:
            tx.put(record)
            opened = log_opened(log_group(run.name, run.configuration), stream, spec.log.path)
            self._house.worker.notify(tx, record.kind, record.key, opened)
            self._house.worker.send(tx, HostRecord, record.key, Event("started"))
        try:
            self._machinery.runner.start(spec)
        except ProcessError as error:
            raise AwsError(
                "ServiceException", f"the host of {run.key} cannot be started: {error}", status=500
            ) from error
        self._await_ready(record)
        if before is not None:
            self._machinery.runner.stop(before.process_id, "another host has taken its place")
        return self._socket(run.key)

    def _await_ready(self, record: HostRecord) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready_mark(record).exists():
            if not self._is_running(record.process_id) or time.monotonic() > deadline:
                raise AwsError(
                    "ServiceException",
                    f"the host of {record.key} did not become ready: {self._log_path(record.generation)} says why",
                    status=500,
                )
            select.select([], [], [], POLL_SECONDS)

    def _write_keys(self, record: HostRecord) -> None:
        # A session's name is the function's, as on AWS, where the names of sessions are longer than one letter.
        session = record.parent if len(record.parent) > 1 else f"{record.parent}-"
        environment = self._machinery.credentials.key_environment(record.role, session)
        _write(self._folder(record.key) / "keys.json", environment)

    def _keep(self, record: HostRecord) -> None:
        (self._folder(record.key) / "keep").touch()
        with self._house.database.transaction() as tx:
            current = tx.get(HostRecord, record.key)
            if current is not None:
                tx.put(current.changed(is_kept=True))

    # ------------------------------------------------------------------ actions and events
    def _restart(self, call: ActionCall) -> None:
        name, _, version = call.owner_key.rpartition(":")
        with self._house.database.reading() as tx:
            try:
                run = runnable(tx, self._house.scope, name, version)
            except AwsError:
                return  # it was deleted meanwhile
        self.ensure(run, is_kept=True)

    def _refresh_keys(self, call: ActionCall) -> Event | None:
        with self._house.database.reading() as tx:
            record = tx.get(HostRecord, call.owner_key)
        if record is None:
            return None
        self._write_keys(record)
        return Event("keys_refreshed")

    def _on_exit(self, process_id: str, how: Exited) -> None:
        generation = process_id.removeprefix(f"{OWNER}.")
        with self._house.database.transaction() as tx:
            for record in tx.all(HostRecord):
                if record.generation == generation:
                    exited = Event("exited", {"generation": generation})
                    self._house.worker.send(tx, HostRecord, record.key, exited)
            closed = log_closed(self._log_path(generation))
            self._house.worker.notify(tx, HostRecord.kind, generation, closed)
        for name in (f"config.{generation}.json", f"ready.{generation}", f"s.{generation}"):
            for path in self.root.glob(f"*/{name}"):
                path.unlink(missing_ok=True)
        try:
            self._machinery.runner.forget(process_id)
        except ProcessStillRunning:
            return  # it is reported again

    def _on_deleted(self, tx: Transaction, topic: str, data: Json) -> None:
        """The hosts of what was deleted finish what they have begun, and end."""
        wanted = data.get("version")
        for host in tx.all(HostRecord, parent=data["function"]):
            if wanted in (None, host.version):
                tx.remove(HostRecord, host.key)
                process_id = host.process_id
                tx.after_commit(lambda process_id=process_id: self._machinery.runner.stop(process_id, "deleted"))  # type: ignore[misc]

    # ------------------------------------------------------------------ places
    @property
    def root(self) -> Path:
        """The folders of hosts; short, for socket paths are limited."""
        return self._house.folder.sockets / "f"

    def _folder(self, key: str) -> Path:
        return self.root / hashlib.sha256(key.encode()).hexdigest()[:12]

    def _socket(self, key: str) -> Path:
        return self._folder(key) / "s"

    def _ready_mark(self, host: HostRecord) -> Path:
        return self._folder(host.key) / f"ready.{host.generation}"

    def _is_ready(self, host: HostRecord) -> bool:
        return self._is_running(host.process_id) and self._ready_mark(host).exists()

    def _log_path(self, generation: str) -> Path:
        return self._house.folder.root / "logs" / f"{OWNER}.{generation}.log"

    def _is_running(self, process_id: str) -> bool:
        return isinstance(self._machinery.runner.status(process_id), Running)

    def _lock(self, key: str) -> threading.Lock:
        with self._locks_lock:
            return self._locks.setdefault(key, threading.Lock())


def _write(path: Path, content: Mapping[str, Any] | list[str]) -> None:
    aside = path.with_suffix(".tmp")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(content))
    aside.rename(path)
