"""The engine of a chaos run: one whose machine misbehaves, and of whose processes each can be found."""

from __future__ import annotations

import os
import select
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlsystem.engine.runtime.shim.record import lock_holder
from mlsystem.engine.store.master_key import FOLDER_VARIABLE
from tests.chaos.bent import Controls
from tests.live import READY_SECONDS, LiveEngine
from tests.starter import CONTROLS, STARTER

# A request to an engine that was stopped or killed is given up after this.
PATIENCE_SECONDS = 5.0

_clients: dict[tuple[str, str, str], Any] = {}


class BentEngine(LiveEngine):
    def __init__(self, folder: Path, port: int | None, smtp_port: int):
        path, keys = folder.with_suffix(".controls"), folder.with_name("keys")
        environment = {CONTROLS: str(path), "MLSYSTEM_SMTP": f"127.0.0.1:{smtp_port}", FOLDER_VARIABLE: str(keys)}
        super().__init__(folder, port=port, environment=environment)
        self.controls = Controls(path)

    def hasty(self, service: str) -> Any:
        """A client that does not wait long; all runs on one port share it."""
        name = (service, self.url, str(self.credentials()["access_key_id"]))
        if name not in _clients:
            _clients[name] = self.client(service, read_timeout=PATIENCE_SECONDS)
        return _clients[name]

    def holds_folder(self) -> bool:
        """Whether it lives and has the folder's lock, where its pid stands."""
        is_alive = self.process is not None and self.process.poll() is None
        path = self.folder / "engine.lock"
        return is_alive and path.exists() and path.read_text() == str(self.process and self.process.pid)

    def second(self) -> tuple[int, str]:
        """Start another one on the folder: how it ends, and its last words. One that serves is killed after a while."""
        with tempfile.TemporaryFile() as errors:
            arguments = [str(self.folder), "--port", "0"]
            program = STARTER.engine(arguments, {**os.environ, **self.environment}, errors.fileno())
            assert program.stdout is not None
            select.select([program.stdout], [], [], READY_SECONDS)  # it is ready, or has ended
            program.kill()
            program.stdout.close()
            status = program.wait(READY_SECONDS)
            errors.seek(0)
            return status, errors.read().decode().strip()

    def shims(self, kind: str) -> list[int]:
        """Of the living processes of a kind, in the order of their names."""
        found = [lock_holder(str(lock)) for lock in sorted((self.folder / "processes").glob(f"{kind}*/lock"))]
        return [pid for pid in found if pid is not None]


def programs(shim: int) -> list[int]:
    """All that runs below it; the program itself is among the last."""
    return list(_below(shim))


def send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def users_of(folder: Path) -> list[str]:
    """Every process of the machine that has to do with a folder: by its command, its environment, its working folder or its mounts."""
    mine = os.fsencode(folder)
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal() and int(place.name) != os.getpid() and _speaks_of(place, mine):
            found.append(f"{place.name}: {_command(place)}")
    return found


def _below(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield int(child)
            yield from _below(int(child))


def _speaks_of(place: Path, folder: bytes) -> bool:
    with suppress(OSError):
        if (place / "stat").read_text().rpartition(") ")[2].startswith("Z"):
            return False
        texts = [os.fsencode((place / "cwd").readlink())]
        texts += [(place / name).read_bytes() for name in ("cmdline", "environ")]
        # A mount is told by its path below its own disk: the last words of the folder's.
        texts.append((place / "mountinfo").read_bytes())
        return any(folder in text for text in texts[:3]) or b"/".join(folder.split(b"/")[-2:]) in texts[3]
    return False


def _command(place: Path) -> str:
    with suppress(OSError):
        return (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    return "(gone)"
