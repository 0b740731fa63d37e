"""A state machine that was understood: what `parse` gives and the interpreter follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlsystem.engine.decide.states.documents import Json


class QueryLanguage(StrEnum):
    """How a state's fields query and make JSON."""

    JSONPATH = "JSONPath"
    JSONATA = "JSONata"


class StateType(StrEnum):
    """What a state does. https://states-language.net/spec.html#state-types"""

    # Hands its input on, perhaps changed.
    PASS = "Pass"  # noqa: S105 - no password, whatever the linter thinks
    # Has work done elsewhere.
    TASK = "Task"
    # Goes on at the state of the first rule that matches.
    CHOICE = "Choice"
    # Lets time pass.
    WAIT = "Wait"
    # Ends its flow well.
    SUCCEED = "Succeed"
    # Ends its flow with an error.
    FAIL = "Fail"
    # Runs several flows at the same time, on one input.
    PARALLEL = "Parallel"
    # Runs one flow for each item of an array.
    MAP = "Map"


@dataclass(frozen=True)
class Retrier:
    """When and how often a state is tried again. https://states-language.net/spec.html#errors"""

    error_equals: tuple[str, ...]
    interval_seconds: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_seconds: int | None = None
    has_full_jitter: bool = False


@dataclass(frozen=True)
class Catcher:
    """Where to go on after an error; `fields` are those of the definition (ResultPath, Output, Assign)."""

    error_equals: tuple[str, ...]
    next: str
    fields: Mapping[str, Json]


@dataclass(frozen=True)
class State:
    """One state. `fields` are those of the definition, checked; `flows` are a Parallel's branches or a Map's
    processor."""

    name: str
    type: StateType
    language: QueryLanguage
    fields: Mapping[str, Json]
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()
    flows: tuple[Flow, ...] = ()

    @property
    def next(self) -> str | None:
        """The state that follows, if this one does not end its flow."""
        return self.fields.get("Next")

    @property
    def resource(self) -> str:
        return str(self.fields["Resource"])


@dataclass(frozen=True)
class Flow:
    """States that lead to each other: a whole machine, a branch or a Map's processor."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True)
class StateMachine:
    """A definition that may run."""

    flow: Flow
    timeout_seconds: int | None
