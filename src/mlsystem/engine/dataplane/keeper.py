"""The keeper of the door: makes the front door serve what the database says.

What the door serves is derived, never stored: each room that has something to serve registers, when it is opened, a function that
reads its part from the database.

    keeper.endpoints_from(lambda tx: [Endpoint(...) for record in tx.all(EndpointRecord)])     # sagemaker
    keeper.stages_from(lambda tx: [ApiStage(...) for record in tx.all(StageRecord)])           # apigateway
    keeper.workloads_from(lambda tx: [WorkloadDoor(...) ...])                                  # doors of workloads

All of them are read in one snapshot, so two rooms' parts never contradict each other, and whoever comes last cannot write down
something older. A room that has committed a change then calls one of:

- `keeper.refresh()`: the door follows soon. Cheap, returns at once, may be called from a transaction's `after_commit`:
  `tx.after_commit(keeper.refresh)`.
- `keeper.settle()`: returns when the door serves what the database said at the moment of the call, or later. For action handlers:
  before something is called in service, and after something was taken out of the records and before its process is stopped.
  Raises the data plane's errors; as an action is tried again, a handler lets them pass.

The functions must be quick and pure, and must make only what can be configured (the values in `state` check themselves).
One thread does it all; what is asked for while it works is done together in the next round.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.errors import DataPlaneError, NotApplied
from mlsystem.engine.dataplane.state import ApiStage, Door, Endpoint, State, WorkloadDoor
from mlsystem.engine.decide.errors import EngineError, StartupError
from mlsystem.engine.store.database import Database, Transaction

log = logging.getLogger(__name__)

EndpointSource = Callable[[Transaction], Iterable[Endpoint]]
StageSource = Callable[[Transaction], Iterable[ApiStage]]
WorkloadSource = Callable[[Transaction], Iterable[WorkloadDoor]]

SETTLE_SECONDS = 15.0
RETRY_SECONDS = 1.0
# An Envoy that is being started needs a moment.
READY_SECONDS = 3.0


class DoorKeeper:
    """See the module. Thread-safe; the sources are registered before `start`."""

    def __init__(self, plane: DataPlane, door: Door, database: Database):
        self.plane = plane
        self._door = door
        self._database = database
        self._endpoint_sources: list[EndpointSource] = []
        self._stage_sources: list[StageSource] = []
        self._workload_sources: list[WorkloadSource] = []
        self._condition = threading.Condition()
        self._is_stopping = False
        # Rounds are numbered: the one that was asked for last, the one that was done last, and how it failed.
        self._wanted = 0
        self._done = 0
        self._error: EngineError | None = None
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------ for the rooms
    def endpoints_from(self, source: EndpointSource) -> None:
        self._endpoint_sources.append(source)

    def stages_from(self, source: StageSource) -> None:
        self._stage_sources.append(source)

    def workloads_from(self, source: WorkloadSource) -> None:
        self._workload_sources.append(source)

    def refresh(self) -> None:
        """The door will follow the database soon."""
        with self._condition:
            self._wanted += 1
            self._condition.notify_all()

    def settle(self, timeout_seconds: float = SETTLE_SECONDS) -> None:
        """Wait until the door serves what the database says now. Raises DataPlaneError."""
        if self._database.is_in_transaction:
            raise EngineError("settle was called inside a transaction, whose changes nobody sees yet")
        deadline = time.monotonic() + timeout_seconds
        with self._condition:
            self._wanted += 1
            mine = self._wanted
            self._condition.notify_all()
            while self._done < mine and not self._is_stopping:
                if not self._condition.wait(max(0.0, deadline - time.monotonic())):
                    raise NotApplied(f"the front door did not follow within {timeout_seconds:g} s")
            if self._is_stopping and self._done < mine:
                raise NotApplied("the engine ends: the front door follows when it starts again")
            if self._error is not None:
                raise self._error

    # ------------------------------------------------------------------ life
    def write(self) -> None:
        """Write the first configuration, before Envoy is started (or, where it runs, have it follow). Raises StartupError."""
        try:
            self.plane.apply(self._state())
        except DataPlaneError as error:
            raise StartupError(f"the front door cannot be configured: {error}") from error

    def start(self) -> None:
        """Follow from now on."""
        self._thread = threading.Thread(target=self._run, name="door-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()

    # ------------------------------------------------------------------ the thread
    def _run(self) -> None:
        while True:
            with self._condition:
                while self._done == self._wanted and not self._is_stopping:
                    # After a failure nobody may ask again: then it asks itself.
                    self._condition.wait(None if self._error is None else RETRY_SECONDS)
                    if self._error is not None:
                        break
                if self._is_stopping:
                    return
                round_number = self._wanted
            error = self._follow()
            with self._condition:
                self._done, self._error = round_number, error
                self._condition.notify_all()

    def _follow(self) -> EngineError | None:
        try:
            self.plane.apply(self._state())
            self.plane.wait_ready(READY_SECONDS)
            self.plane.wait_applied()
        except DataPlaneError as error:
            log.warning("the front door does not follow: %s", error)
            return error
        except Exception as error:  # the supervisor of the sources: one round fails, the thread goes on
            log.exception("what the front door serves cannot be read")
            return EngineError(f"what the front door serves cannot be read: {error}")
        return None

    def _state(self) -> State:
        with self._database.reading() as tx:
            return State(
                self._door,
                tuple(workload for source in self._workload_sources for workload in source(tx)),
                tuple(endpoint for source in self._endpoint_sources for endpoint in source(tx)),
                tuple(stage for source in self._stage_sources for stage in source(tx)),
            )
