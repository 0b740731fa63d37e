"""What a chaos run has seen, and reads back in the end: all that the invariants judge, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Happened:
    """A fault, and from when to when it acted; moments are monotonic seconds."""

    kind: str
    began: float
    ended: float


@dataclass(frozen=True)
class Answered:
    """A request to the endpoint that got its answer."""

    number: str
    version: str
    asked: float
    answered: float


@dataclass(frozen=True)
class Ran:
    """An execution, its job, and what the job's program left."""

    name: str
    status: str
    cause: str = ""
    job: str = ""
    last_events: tuple[str, ...] = ("ExecutionSucceeded",)
    """Of the history, those that end an execution and all that follow."""
    lines: int = 1
    """How often the program said that it runs."""
    result: str = ""
    wanted: str = ""


@dataclass
class Evidence:
    faults: list[Happened] = field(default_factory=list)
    # Of S3, by key: what may be there (None: nothing), and what is.
    may_be: dict[str, set[bytes | None]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    # Executions whose start was acknowledged, and those that the engine has.
    started: set[str] = field(default_factory=set)
    executions: list[Ran] = field(default_factory=list)
    # Marks of messages that were acknowledged; of mails with their moments; moments of those whose sender could not know.
    published: set[str] = field(default_factory=set)
    mails: list[tuple[str, float]] = field(default_factory=list)
    unheard: list[float] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    wrong_answers: list[str] = field(default_factory=list)
    captured: Counter[str] = field(default_factory=Counter)
    # The endpoint: when the new version was first asked for (None: never), and how it ended.
    shift_asked: float | None = None
    is_shift_acknowledged: bool = False
    config: str = "config-1"
    status: str = "InService"
    failure: str = ""
    versions_after: set[str] = field(default_factory=set)
    # Exit status and last words of each second engine.
    second_engines: list[tuple[int, str]] = field(default_factory=list)
    engine_ends: list[str] = field(default_factory=list)
    """Of engines that ended otherwise than they had to."""
    audit_problems: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
