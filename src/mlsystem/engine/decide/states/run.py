"""One decision under way: the execution, and what comes out of it.

A run takes a copy of the execution's state, lets the state types work on it, and gives the new state with its actions
and history. It keeps the books (ids, tokens, timers, who waits for what); what a state does is in the modules of the
state types.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from mlsystem.engine.decide.states.chance import Chance
from mlsystem.engine.decide.states.data_flow import DataFlow
from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.execution import Execution, Strand, Timer, Visit
from mlsystem.engine.decide.states.faults import StateFailure
from mlsystem.engine.decide.states.history import MOST_EVENTS, HistoryEvent, resource_kind
from mlsystem.engine.decide.states.jsonata_flow import JsonataFlow
from mlsystem.engine.decide.states.jsonpath_flow import JsonPathFlow
from mlsystem.engine.decide.states.machine import Flow, QueryLanguage, State, StateMachine, StateType
from mlsystem.engine.decide.states.protocol import (
    Action,
    CancelTask,
    CancelTimer,
    Outcome,
    SetTimer,
    StartTask,
    Step,
)
from mlsystem.engine.decide.states.scope import Scope
from mlsystem.engine.decide.states.timestamps import format_timestamp

ROOT = "0"
# Entered in one step; a quarter of a second of a processor.
MOST_STATES = 500


class HistoryFull(Exception):
    """The execution has as many events as it may have."""


class Behaviour(Protocol):
    """What states do; given to the run, so that its books know nothing of state types."""

    def work(self, run: Run, key: str) -> None:
        """Do what the strand's state does, for the first time or again."""
        ...

    def gather(self, run: Run, key: str, output: Json) -> None:
        """A branch or iteration has ended well."""
        ...

    def gather_failure(self, run: Run, key: str, failure: StateFailure) -> None:
        """A branch or iteration has ended with an error that nothing in it caught."""
        ...


class Run:
    """See the module. `at` is now, in seconds since the epoch."""

    def __init__(self, machine: StateMachine, execution: Execution, at: float, behaviour: Behaviour):
        self.machine = machine
        self.behaviour = behaviour
        self.execution = execution
        self.at = at
        self.outcome: Outcome | None = None
        self.chance = Chance(execution.arn, execution.draws)
        self._actions: list[Action] = []
        self._history: list[HistoryEvent] = []
        self._ahead: deque[Callable[[], None]] = deque()
        self._entering: dict[str, tuple[str, Json]] = {}
        self._states = 0
        self._aside: dict[str, Strand] = {}

    # ------------------------------------------------------------------ order of work
    def later(self, work: Callable[[], None]) -> None:
        """Do this after what was asked for before: branches advance in turn."""
        self._ahead.append(work)

    def settle(self) -> None:
        """Work until everything waits for an event."""
        while self._ahead:
            self._ahead.popleft()()

    def forget_work(self) -> None:
        """The execution has ended: what was asked for does not matter any more."""
        self._ahead.clear()

    def step(self) -> Step:
        """What came of it."""
        self.execution.draws = self.chance.draws
        due = (SetTimer(key, one.after_seconds, one.at) for key, one in self.execution.timers.items())
        state = self.execution.model_dump()
        return Step(state, tuple(self._actions), tuple(self._history), tuple(due), self.outcome)

    # ------------------------------------------------------------------ strands
    def strand(self, key: str) -> Strand:
        return self.execution.strands[key]

    def has(self, key: str) -> bool:
        """Whether the strand is alive: its state may have been given up meanwhile."""
        return key in self.execution.strands

    def add_strand(self, strand: Strand) -> str:
        self.execution.last_strand += 1
        key = str(self.execution.last_strand)
        self.execution.strands[key] = strand
        return key

    @property
    def is_tired(self) -> bool:
        """States that wait for nothing may follow each other without end, and each step is one transaction of the room."""
        return self._states >= MOST_STATES

    def expect(self, key: str, name: str, input: Json) -> None:
        """The strand is about to enter a state."""
        self._states += 1
        self._entering[key] = (name, input)

    def entered(self, key: str) -> None:
        self._entering.pop(key, None)

    def set_aside(self, key: str) -> None:
        """The strand is no more, unless the execution ends because of it and is redriven."""
        strand = self.execution.strands.pop(key)
        self._aside[key] = strand.model_copy(update={"entering": self._entering.pop(key, strand.entering)})

    def forget_aside(self, parent: str) -> None:
        """The state that had these branches or iterations has been retried or left: it is not gone on with."""
        for key in [key for key, one in self._aside.items() if one.parent == parent]:
            self.forget_aside(key)
            del self._aside[key]

    def interrupt(self) -> None:
        """The execution ends before its strands do: keep them."""
        alive = {
            key: one.model_copy(update={"entering": self._entering.get(key, one.entering)})
            for key, one in self.execution.strands.items()
        }
        self.execution.interrupted = {**alive, **self._aside}

    def children(self, key: str) -> list[str]:
        """The branches or iterations of a strand's state, in order."""
        found = [(one.place, child) for child, one in self.execution.strands.items() if one.parent == key]
        return [child for _, child in sorted(found)]

    def flow_of(self, key: str) -> Flow:
        """The states among which the strand moves."""
        strand = self.strand(key)
        if strand.parent is None:
            return self.machine.flow
        return self.state_of(strand.parent).flows[strand.flow]

    def visit_of(self, key: str) -> Visit:
        visit = self.strand(key).visit
        if visit is None:
            raise LookupError(f"strand {key} is in no state")
        return visit

    def state_of(self, key: str) -> State:
        """The state that the strand is in."""
        return self.flow_of(key).states[self.visit_of(key).state]

    # ------------------------------------------------------------------ what expressions see
    def data_flow(self, key: str) -> DataFlow:
        state, visit, scope = self.state_of(key), self.visit_of(key), self.scope(key)
        if state.language is QueryLanguage.JSONATA:
            return JsonataFlow(state.fields, visit.input, scope)
        return JsonPathFlow(state.fields, visit.input, scope)

    def scope(self, key: str) -> Scope:
        return Scope(
            self._context(key), {**self.outer_variables(key), **self.strand(key).variables}, self.chance, self.at
        )

    def outer_variables(self, key: str) -> dict[str, Json]:
        """Those of the scopes around the strand's."""
        parent = self.strand(key).parent
        return {} if parent is None else {**self.outer_variables(parent), **self.strand(parent).variables}

    def _context(self, key: str) -> dict[str, Json]:
        """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""
        execution, visit, state = self.execution, self.visit_of(key), self.state_of(key)
        context: dict[str, Json] = {
            "Execution": {
                "Id": execution.arn,
                "Input": execution.input,
                "StartTime": format_timestamp(execution.start_time),
                "Name": execution.name,
                "RoleArn": execution.role_arn,
                "RedriveCount": execution.redrive_count,
            },
            "StateMachine": {"Id": execution.state_machine_arn, "Name": execution.state_machine_name},
            "State": {"Name": state.name, "EnteredTime": format_timestamp(visit.entered_at)},
        }
        if execution.redriven_at is not None:
            context["Execution"]["RedriveTime"] = format_timestamp(execution.redriven_at)
        if state.type in (StateType.TASK, StateType.PARALLEL, StateType.MAP):
            context["State"]["RetryCount"] = visit.retry_count
        if visit.token and resource_kind(state.resource).gives_token:
            context["Task"] = {"Token": visit.token}
        item = self._map_item(key)
        return context if item is None else context | {"Map": {"Item": item}}

    def _map_item(self, key: str | None) -> Json:
        """The item of the innermost iteration around."""
        while key is not None:
            strand = self.strand(key)
            if strand.map_item is not None:
                return strand.map_item
            key = strand.parent
        return None

    # ------------------------------------------------------------------ history
    def record(self, type: str, details: Mapping[str, Json], previous: int) -> int:
        """Write an event; raises HistoryFull."""
        if self.execution.last_event >= MOST_EVENTS - 1:
            raise HistoryFull
        return self.record_last(type, details, previous)

    def record_last(self, type: str, details: Mapping[str, Json], previous: int) -> int:
        """Write the event that ends the execution, for which there is always room."""
        self.execution.last_event += 1
        self._history.append(HistoryEvent(self.execution.last_event, previous, type, self.at, details))
        return self.execution.last_event

    def tell(self, key: str, type: str, details: Mapping[str, Json] | None = None) -> int:
        """Write an event of a strand, to which the strand's next one will refer."""
        strand = self.strand(key)
        strand.previous_event = self.record(type, details or {}, strand.previous_event)
        return strand.previous_event

    def tell_beside(self, key: str, type: str, details: Mapping[str, Json] | None = None) -> int:
        """Write an event of a strand that is not part of its chain."""
        return self.record(type, details or {}, self.strand(key).previous_event)

    # ------------------------------------------------------------------ tasks and timers
    def start_task(self, key: str, task: StartTask) -> None:
        self.execution.tokens[task.token] = key
        self._actions.append(task)

    def forget_task(self, key: str, is_cancelled: bool) -> None:
        """The strand waits for its task no more; a task that nobody has started yet need not be cancelled."""
        visit = self.visit_of(key)
        token = visit.token
        visit.token = None
        if token is None or self.execution.tokens.pop(token, None) is None or not is_cancelled:
            return
        started = [action for action in self._actions if isinstance(action, StartTask) and action.token == token]
        if started:
            self._actions.remove(started[0])
        else:
            self._actions.append(CancelTask(token))

    def set_timer(self, timer: Timer) -> None:
        """One of each purpose for a strand; an older one is replaced."""
        self.clear_timers(timer.strand, timer.purpose)
        self.execution.last_timer += 1
        key = f"{timer.purpose}-{self.execution.last_timer}"
        self.execution.timers[key] = timer
        self._actions.append(SetTimer(key, timer.after_seconds, timer.at))

    def ask_for_turn(self) -> None:
        """One for all that wait for it."""
        if not any(timer.purpose == "turn" for timer in self.execution.timers.values()):
            self.set_timer(Timer(purpose="turn", after_seconds=0.0))

    def restart_timer(self, strand: str, purpose: str) -> None:
        """Let it run from now again, if it runs."""
        for key, timer in self.execution.timers.items():
            if timer.strand == strand and timer.purpose == purpose:
                self._actions.append(SetTimer(key, timer.after_seconds, timer.at))

    def clear_timers(self, strand: str | None, purpose: str | None = None) -> None:
        """Cancel those of a strand (None: of the execution), of one purpose or all."""
        for key, timer in list(self.execution.timers.items()):
            if timer.strand == strand and purpose in (None, timer.purpose):
                self.drop_timer(key)

    def drop_timer(self, key: str) -> None:
        del self.execution.timers[key]
        pending = [action for action in self._actions if isinstance(action, SetTimer) and action.key == key]
        for action in pending:
            self._actions.remove(action)
        if not pending:
            self._actions.append(CancelTimer(key))

    def take_timer(self, key: str) -> Timer:
        """It has fired: it runs no more."""
        return self.execution.timers.pop(key)
