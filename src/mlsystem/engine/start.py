"""Starts the engine.

Order matters: the folder's lock before the database, every room registered before the worker starts (its outbox may hold work from before a
crash), and the rooms started before the first request is let in.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

import uvicorn
from anyio import to_thread
from sqlalchemy.exc import OperationalError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from mlsystem.engine.backup.moment import sweep_staging
from mlsystem.engine.contract import CREDENTIALS_PATH, House, Part, Room
from mlsystem.engine.dataplane.errors import DataPlaneError
from mlsystem.engine.dataplane.filters import AUTHORIZE_PREFIX
from mlsystem.engine.dataplane.state import Door
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.durable.housekeeping import Housekeeping, Tidy
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.front.api_authorization import API_PREFIX, ApiAuthorization
from mlsystem.engine.front.app import Front
from mlsystem.engine.front.certificate import DoorCertificate
from mlsystem.engine.front.console import PATH as CONSOLE_PATH
from mlsystem.engine.front.console import console_process, socket_path
from mlsystem.engine.front.credentials import CredentialsPage
from mlsystem.engine.front.door import DoorProcess, reserve_port
from mlsystem.engine.front.kept_process import KeptProcess
from mlsystem.engine.front.mlflow import PREFIX as MLFLOW_PREFIX
from mlsystem.engine.front.mlflow import find_mlflow, mlflow_process
from mlsystem.engine.front.mlflow import socket_path as mlflow_socket
from mlsystem.engine.front.pace import Pace
from mlsystem.engine.front.permit import PermitPage
from mlsystem.engine.front.principals import Authenticator
from mlsystem.engine.runtime.errors import ProcessError
from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.process import LONGEST_SOCKET_PATH
from mlsystem.engine.settings import DEFAULT_ACCOUNT, DEFAULT_REGION, Settings
from mlsystem.engine.store.clock import Clock, SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder, FolderLock
from mlsystem.engine.store.keys import AccessKey, KeyRing
from mlsystem.engine.store.master_key import keys_folder
from mlsystem.engine.wiring import Equipment, control_socket, equip, wire

log = logging.getLogger(__name__)

HEALTH_PATH = "/_mlsystem/health"
REQUEST_THREADS = 200


@dataclass(frozen=True)
class Engine:
    """A wired engine, before its first request; `inside` is where that will wait."""

    settings: Settings
    house: House
    rooms: tuple[Room, ...]
    app: ASGIApp
    machine: Machine
    inside: socket.socket


def build(settings: Settings, clock: Clock, stack: ExitStack) -> Engine:
    """Open the folder and wire all rooms; `stack` closes in the right order. Raises StartupError."""
    folder = DataFolder(settings.folder)
    _check_length(folder)
    mlflow = find_mlflow() if settings.has_mlflow else None
    folder.prepare()
    lock = FolderLock(folder)
    lock.acquire()
    stack.callback(lock.release)
    sweep_staging(folder)
    database = Database(folder.database, clock)
    stack.callback(database.close)
    scope = Scope(
        _decided_once(database, "account", settings.account, DEFAULT_ACCOUNT),
        _decided_once(database, "region", settings.region, DEFAULT_REGION),
    )
    equipment = equip(folder, settings.runtime, database, stack)
    certificate = _certificate(settings, folder, equipment, clock)
    log_path = folder.root / "logs" / "door.log"
    process = DoorProcess(database, equipment.runner, equipment.plane, log_path, settings.host)
    port = reserve_port(database, settings.host, settings.port, process.is_running)
    stack.callback(port.release)
    door = Door(
        scope,
        port.number,
        str(control_socket(folder)),
        settings.host,
        console=str(socket_path(folder)) if settings.has_console else None,
        mlflow=str(mlflow_socket(folder)) if settings.has_mlflow else None,
        trusts_loopback=settings.trusts_loopback,
        collector=settings.collector,
        has_tls=settings.has_tls,
    )
    url = f"{'https' if settings.has_tls else 'http'}://{settings.host}:{port.number}"
    wired = wire(settings, folder, database, clock, door, url, equipment, stack)
    house, rooms, worker = wired.house, wired.rooms, wired.house.worker
    renewal = [] if certificate is None else [certificate.tidy]
    Housekeeping(database, worker, clock, [*_start_parts(rooms, stack), *renewal]).start()
    wired.keeper.write()
    # Before it is started: what fails on the way, on a full disk, must not leave a door behind that leads nowhere.
    stack.callback(process.stop)
    process.start(equipment.exits)
    wired.keeper.start()
    stack.callback(wired.keeper.stop)
    alive = equipment.runner.adopt()
    log.info("adopted %d processes", len(alive))
    _keep(console_process(folder, database, equipment.runner), settings.has_console, equipment, stack)
    _keep(mlflow_process(folder, database, equipment.runner, mlflow), settings.has_mlflow, equipment, stack)
    inside = stack.enter_context(listen_inside(folder))
    worker.start()
    stack.callback(worker.stop)
    authenticator = Authenticator(database, equipment.keys, clock, scope)
    mounts: dict[str, ASGIApp] = {
        HEALTH_PATH: _health(settings, equipment.machine, rooms),
        CREDENTIALS_PATH: CredentialsPage(wired.credentials),
        f"{AUTHORIZE_PREFIX}{API_PREFIX}": ApiAuthorization(authenticator, house),
        f"{AUTHORIZE_PREFIX}/": PermitPage(AUTHORIZE_PREFIX, scope, authenticator, wired.dispatcher, wired.audit),
    }
    for room in rooms:
        mounts.update(room.mounts)
    front = Front(
        authenticator, wired.dispatcher, wired.audit, folder, mounts, Pace(settings.calls_per_second, time.monotonic)
    )
    _write_root_credentials(house, equipment.keys, _own_servers(settings, url))
    process.wait_open()
    port.release()
    return Engine(settings, house, rooms, front, equipment.machine, inside)


def _certificate(settings: Settings, folder: DataFolder, equipment: Equipment, clock: Clock) -> DoorCertificate | None:
    """Raises StartupError."""
    if not settings.has_tls:
        equipment.plane.layout.certificate.unlink(missing_ok=True)  # with its private key
        return None
    machine = equipment.machine
    if not machine.shares_no_network:
        raise StartupError(
            "TLS takes programs that have a way of their own to the engine, and here they share the machine's network: start without "
            f"--tls. {machine.sentence}"
        )
    return DoorCertificate(equipment.plane, settings.host, keys_folder(), folder.authority, clock.now())


def _start_parts(rooms: Sequence[Room], stack: ExitStack) -> list[Tidy]:
    """What they do once a day."""
    parts = [part for room in rooms for part in room.parts]
    for part in parts:
        part.start()
        stack.callback(part.stop)
    return [part.tidy for part in parts if type(part).tidy is not Part.tidy]


def _check_length(folder: DataFolder) -> None:
    """Raises StartupError where Linux does not take the paths of the folder's own sockets."""
    excess = len(str(control_socket(folder)).encode()) - LONGEST_SOCKET_PATH
    if excess > 0:
        raise StartupError(
            f"the path of the data folder {folder.root} is {excess} bytes too long for sockets in it: --home names another"
        )


def _decided_once(database: Database, name: str, wanted: str | None, default: str) -> str:
    """Raises StartupError when the folder was made for another one: its ARNs are everywhere in it."""
    known = database.setting(name, lambda: wanted or default)
    if wanted not in (None, known):
        raise StartupError(f"the data folder is for the {name} {known}: another {name} needs another data folder")
    return known


def _keep(process: KeptProcess, is_wanted: bool, equipment: Equipment, stack: ExitStack) -> None:
    if is_wanted:
        process.start(equipment.exits)
        stack.callback(process.stop)
    else:
        process.end()


def _own_servers(settings: Settings, url: str) -> dict[str, str]:
    """What is served beside AWS's API, by the name that whoever started the engine is told."""
    console = {"console": url + CONSOLE_PATH} if settings.has_console else {}
    return console | ({"mlflow_tracking_uri": url + MLFLOW_PREFIX} if settings.has_mlflow else {})


def _write_root_credentials(house: House, keys: KeyRing, servers: Mapping[str, str]) -> None:
    """The account's own key, for the person who started the engine: a file of mode 0600 in the data folder."""
    path = house.folder.root / "credentials.json"
    with house.database.transaction() as tx:
        known = next((key for key in tx.all(AccessKey, prefix="AKIA") if key.principal == house.root.arn), None)
        root = keys.credentials(known.key) if known else keys.issue(tx, house.root.arn, house.scope.account, None)
    content = {
        "endpoint_url": house.door_url,
        "region": house.scope.region,
        "access_key_id": root.access_key_id,
        "secret_access_key": root.secret_access_key,
        "pid": os.getpid(),
        **({"ca_bundle": str(house.folder.authority)} if house.has_tls else {}),
        **servers,
    }
    aside = path.with_suffix(".tmp")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(content, indent=2))
    aside.rename(path)


def _health(settings: Settings, machine: Machine, rooms: Sequence[Room]) -> ASGIApp:
    """`restored`: what was in service when the last engine ended is so again."""

    def content() -> Mapping[str, object]:
        restored = all(part.is_restored() for room in rooms for part in room.parts)
        return {"status": "ready", "restored": restored, "timeScale": settings.time_scale, **_told(machine)}

    async def answer(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await JSONResponse(await to_thread.run_sync(content))(scope, receive, send)

    return answer


def _told(machine: Machine) -> dict[str, object]:
    """What programs run in, and what that does not give."""
    return {"runtime": machine.kind, "isolated": machine.isolates, "sentence": machine.sentence}


def listen_inside(folder: DataFolder) -> socket.socket:
    """The control plane's Unix socket, where the front door finds it.

    What the worker takes up again may ask for something at once: that waits here until it can be answered.
    """
    path = control_socket(folder)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen()
    return listener


class Server(uvicorn.Server):
    """uvicorn, telling when it accepts requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]):
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = REQUEST_THREADS
        await super().startup(sockets)
        self._on_ready()


def run(settings: Settings, on_ready: Callable[[Mapping[str, object]], None]) -> None:
    """Run an engine until SIGTERM or SIGINT. Raises StartupError."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn takes both while it serves, then raises them again: what is open is closed in order all the same.
        signal.signal(number, _leave)
    with ExitStack() as stack:
        with _told_in_one_line():
            engine = build(settings, SystemClock(settings.time_scale), stack)
        config = uvicorn.Config(
            engine.app, log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="off"
        )
        server = Server(config, lambda: _announce(engine, on_ready))
        race_point("engine.ready")
        server.run(sockets=[engine.inside])


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Raises StartupError for what keeps an engine from starting: a disk that is full, most of all."""
    try:
        yield
    except OperationalError as error:
        raise StartupError(f"the state of the data folder cannot be read or written: {error.orig}") from error
    except (DataPlaneError, ProcessError) as error:
        raise StartupError(str(error)) from error


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _announce(engine: Engine, on_ready: Callable[[Mapping[str, object]], None]) -> None:
    log.info("ready on %s", engine.house.door_url)
    url = engine.house.door_url
    on_ready({"url": url, **_own_servers(engine.settings, url), **_told(engine.machine)})
