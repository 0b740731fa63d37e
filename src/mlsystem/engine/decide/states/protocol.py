"""What the interpreter and its room say to each other: actions, events, timers, outcomes, and the step that holds them.

Every event carries `at`, seconds since the epoch: the interpreter has no other clock. Tokens and timer keys are the
same whenever a step is decided again, and an event for a token or key that is no longer known changes nothing; so
both sides may repeat after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.history import HistoryEvent


# ---------------------------------------------------------------------- actions
@dataclass(frozen=True)
class StartTask:
    """Have the work of a Task state done, and answer with an event that carries the token.

    `resource` is as the definition has it, `.sync` and `.waitForTaskToken` included. Time-outs are the interpreter's:
    the seconds are for the worker to know (an activity's, a job's own limit). `credentials` is what the Credentials
    field gave.
    """

    token: str
    resource: str
    parameters: Json
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None
    credentials: Json = None


@dataclass(frozen=True)
class CancelTask:
    """Nobody waits for this work any more: stop it, and what it says is ignored."""

    token: str


@dataclass(frozen=True)
class SetTimer:
    """Send TimerFired after some seconds, a duration that a time scale may divide, or at an instant, which it may not.

    A timer of the same key is replaced.
    """

    key: str
    after_seconds: float | None = None
    at: float | None = None


@dataclass(frozen=True)
class CancelTimer:
    """Forget the timer."""

    key: str


Action = StartTask | CancelTask | SetTimer | CancelTimer


# ---------------------------------------------------------------------- events
@dataclass(frozen=True)
class TaskSubmitted:
    """A `.sync` or `.waitForTaskToken` task was handed over; `output` is what the service answered. For the history
    only."""

    token: str
    output: Json
    at: float


@dataclass(frozen=True)
class ActivityStarted:
    """A worker took an activity task (GetActivityTask): from now on it must send heartbeats."""

    token: str
    at: float
    worker_name: str | None = None


@dataclass(frozen=True)
class TaskSucceeded:
    """The work is done."""

    token: str
    output: Json
    at: float


@dataclass(frozen=True)
class TaskFailed:
    """The work failed; the error's name is what Retry and Catch look at."""

    token: str
    error: str | None
    cause: str | None
    at: float


@dataclass(frozen=True)
class TaskHeartbeat:
    """The work goes on."""

    token: str
    at: float


@dataclass(frozen=True)
class TimerFired:
    """A timer that SetTimer asked for."""

    key: str
    at: float


@dataclass(frozen=True)
class Stop:
    """Somebody stops the execution (StopExecution)."""

    at: float
    error: str | None = None
    cause: str | None = None


Event = TaskSubmitted | ActivityStarted | TaskSucceeded | TaskFailed | TaskHeartbeat | TimerFired | Stop


# ---------------------------------------------------------------------- outcomes
@dataclass(frozen=True)
class Succeeded:
    """The execution ended well."""

    output: Json


@dataclass(frozen=True)
class Failed:
    """The execution ended with an error; a Fail state may leave out either."""

    error: str | None
    cause: str | None


@dataclass(frozen=True)
class TimedOut:
    """The execution took longer than the machine's TimeoutSeconds."""


@dataclass(frozen=True)
class Aborted:
    """The execution was stopped."""

    error: str | None
    cause: str | None


Outcome = Succeeded | Failed | TimedOut | Aborted


# ---------------------------------------------------------------------- the step
@dataclass(frozen=True)
class Context:
    """What an execution knows of itself; it becomes the Context Object."""

    execution_arn: str
    name: str
    role_arn: str
    start_time: float
    state_machine_arn: str
    state_machine_name: str


@dataclass(frozen=True)
class Step:
    """What one event led to.

    `state` is JSON, to be given to the next `advance`. `history` are the new events of GetExecutionHistory. `due` are
    all timers that run after this step, however long ago they were set. `outcome` is that of the step which ended the
    execution; after it nothing changes.
    """

    state: Mapping[str, Json]
    actions: tuple[Action, ...] = ()
    history: tuple[HistoryEvent, ...] = ()
    due: tuple[SetTimer, ...] = ()
    outcome: Outcome | None = None
