"""An engine without its door, inside this process: every room, the worker and the front's HTTP application. No program is started by it.

Requests reach it as ASGI messages. Whoever signs is believed: signatures have a kind of input of their own.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from mlsystem.engine.contract import CREDENTIALS_PATH, House, Principal, Room
from mlsystem.engine.dataplane.state import Door
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.front.app import Front
from mlsystem.engine.front.credentials import CredentialsPage
from mlsystem.engine.front.pace import Pace
from mlsystem.engine.front.principals import Authenticator
from mlsystem.engine.front.protocol import HttpRequest
from mlsystem.engine.front.signature import read_signature
from mlsystem.engine.runtime.process import ProcessSpec
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.runtime.shim import record
from mlsystem.engine.settings import DEFAULT_ACCOUNT, DEFAULT_REGION, Settings
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.keys import Credentials
from mlsystem.engine.wiring import control_socket, equip, wire
from tests.fuzz.kind import Tracebacks

# Waits of stacks and executions are over while inputs are still tried.
TIME_SCALE = 20.0


class Unstarted(ProcessRunner):
    """Every program that is to run has ended at once, as one does that cannot be started."""

    def start(self, spec: ProcessSpec) -> None:
        folder = self._folder / spec.id
        folder.mkdir(mode=0o700, exist_ok=True)
        spec.log.path.parent.mkdir(parents=True, exist_ok=True)
        now = time.time()
        record.write_once(str(folder / record.STARTED), {"started_at": now})
        end = {"exit_code": None, "signal": None, "reason": "start_failed", "message": "nothing runs here"}
        record.write_once(str(folder / record.EXIT), {**end, "started_at": now, "ended_at": now})
        self._attach(spec.id)


class Believing(Authenticator):
    """Takes every request that is signed for one of the account itself."""

    def authenticate(self, request: HttpRequest) -> tuple[Principal, str]:
        return Principal(self._scope.global_arn("iam", "root"), self._scope.account), read_signature(request).service


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


UNLIMITED = 1e9  # calls a second


class InsideEngine:
    """`ask` it; `tracebacks` has what it logged."""

    def __init__(self, house: House, rooms: tuple[Room, ...], app: ASGIApp, credentials: Credentials):
        self.house, self.rooms, self.credentials = house, rooms, credentials
        self.tracebacks = Tracebacks()
        self._app = app
        self._loop = asyncio.new_event_loop()

    def ask(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """`path` is percent-encoded, as on the wire."""
        return self._loop.run_until_complete(self._ask(method, path, query, headers, body))

    async def _ask(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("latin-1", "replace"),
            "query_string": query.encode("latin-1", "replace"),
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        pieces = [body[: len(body) // 2], body[len(body) // 2 :]] if len(body) > 2 else [body]
        answer = Answer(0, {}, b"")

        async def receive() -> Message:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")

        await self._app(scope, receive, send)
        return answer

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """As a room calls another one."""
        return self.house.call(service, operation, request, self.house.root)

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@contextmanager
def inside_engine(*, verifies: bool = False) -> Iterator[InsideEngine]:
    """One of its own, in a folder that is gone afterwards. `verifies`: whether signatures must be right."""
    with ExitStack() as stack:
        root = stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True))
        folder = DataFolder(Path(root) / "home")
        folder.prepare()
        settings = Settings(folder.root, port=1, time_scale=TIME_SCALE, runtime="plain")
        clock = SystemClock(TIME_SCALE)
        database = Database(folder.database, clock)
        stack.callback(database.close)
        scope = Scope(DEFAULT_ACCOUNT, DEFAULT_REGION)
        equipment = equip(folder, settings.runtime, database, stack)
        runner = Unstarted(folder.processes, equipment.machine)
        stack.callback(runner.close)
        runner.watch(equipment.exits.report)
        equipment = replace(equipment, runner=runner)
        door = Door(scope, settings.port, str(control_socket(folder)), settings.host)
        wired = wire(settings, folder, database, clock, door, "http://127.0.0.1:1", equipment, stack)
        house, rooms = wired.house, wired.rooms
        authenticator = (Authenticator if verifies else Believing)(database, equipment.keys, clock, scope)
        mounts: dict[str, ASGIApp] = {CREDENTIALS_PATH: CredentialsPage(wired.credentials)}
        for room in rooms:
            mounts.update(room.mounts)
        front = Front(authenticator, wired.dispatcher, wired.audit, folder, mounts, Pace(UNLIMITED, time.monotonic))
        with database.transaction() as tx:
            root_key = equipment.keys.issue(tx, house.root.arn, scope.account, None)
        engine = InsideEngine(house, rooms, front, root_key)
        logging.getLogger().addHandler(engine.tracebacks)
        stack.callback(logging.getLogger().removeHandler, engine.tracebacks)
        stack.callback(engine.close)
        for part in (part for room in rooms for part in room.parts):
            part.start()
            stack.callback(part.stop)
        house.worker.start()
        stack.callback(house.worker.stop)
        yield engine
