"""Plays a state machine in a test: the room's part, without a room.

At every step it checks what must hold for any machine: the state survives JSON, the same decision comes out twice,
history events have the shapes of the API's model, and the timers that are due are those that were set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import StringShape, StructureShape
from botocore.validate import ParamValidator

from mlsystem.engine.decide.states import (
    CancelTask,
    CancelTimer,
    Context,
    Event,
    Failed,
    HistoryEvent,
    Outcome,
    SetTimer,
    StartTask,
    Step,
    Stop,
    Succeeded,
    TaskFailed,
    TaskHeartbeat,
    TaskSucceeded,
    TimerFired,
    advance,
    begin,
    is_redrivable,
    parse,
    redrive,
)

START = 1_700_000_000.25
CONTEXT = Context(
    execution_arn="arn:aws:states:eu-west-1:111122223333:execution:train:run-1",
    name="run-1",
    role_arn="arn:aws:iam::111122223333:role/train",
    start_time=START,
    state_machine_arn="arn:aws:states:eu-west-1:111122223333:stateMachine:train",
    state_machine_name="train",
)
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:work"


@cache
def _history_event_shape() -> StructureShape:
    model = botocore.session.get_session().get_service_model("stepfunctions")
    shape = model.shape_for("HistoryEvent")
    assert isinstance(shape, StructureShape)
    return shape


def check_event(event: HistoryEvent) -> None:
    """The event is one that the API's model knows, member by member."""
    shape = _history_event_shape()
    response = event.response()
    assert ParamValidator().validate(response, shape).generate_report() == ""
    types = shape.members["type"]
    assert isinstance(types, StringShape) and event.type in types.enum
    assert 0 <= event.previous_event_id < event.id


class Player:
    """`tasks` are those that were started and have not ended; `timers` run; `now` moves by a second with each event."""

    def __init__(self, definition: Mapping[str, Any] | str, input: Any = None, context: Context = CONTEXT):
        self.machine = parse(definition)
        self.now = context.start_time
        self.history: list[HistoryEvent] = []
        self.tasks: list[StartTask] = []
        self.timers: dict[str, SetTimer] = {}
        self.outcome: Outcome | None = None
        self.cancelled: list[str] = []
        given = {} if input is None else input
        self.step = begin(self.machine, given, context)
        assert self.step == begin(self.machine, given, context)
        self._take(self.step)

    def send(self, event: Event) -> Step:
        before = self.step.state
        self.step = advance(self.machine, json.loads(json.dumps(before)), event)
        assert self.step == advance(self.machine, before, event)
        self._take(self.step)
        return self.step

    def tick(self, seconds: float = 1.0) -> float:
        self.now += seconds
        return self.now

    # ------------------------------------------------------------------ what the world does
    def succeed(self, output: Any = None, task: int = 0) -> Step:
        return self.send(TaskSucceeded(self.tasks.pop(task).token, output, self.tick()))

    def fail(self, error: str | None = "Broken", cause: str | None = "why", task: int = 0) -> Step:
        return self.send(TaskFailed(self.tasks.pop(task).token, error, cause, self.tick()))

    def heartbeat(self, task: int = 0) -> Step:
        return self.send(TaskHeartbeat(self.tasks[task].token, self.tick()))

    def fire(self, purpose: str = "") -> Step:
        """The first timer of that purpose fires, when it is due."""
        timer = self.timer(purpose)
        self.now = self.now + (timer.after_seconds or 0) if timer.at is None else max(self.now, timer.at)
        del self.timers[timer.key]
        return self.send(TimerFired(timer.key, self.now))

    def stop(self, error: str | None = None, cause: str | None = None) -> Step:
        return self.send(Stop(self.tick(), error, cause))

    def redrive(self) -> Step:
        """An execution that ended badly goes on; what came out before is behind."""
        assert is_redrivable(self.step.state)
        before = json.loads(json.dumps(self.step.state))
        self.outcome, self.step = None, redrive(self.machine, before, self.tick())
        assert self.step == redrive(self.machine, before, self.now)
        self._take(self.step)
        return self.step

    # ------------------------------------------------------------------ what one asks
    def timer(self, purpose: str = "") -> SetTimer:
        return next(timer for key, timer in self.timers.items() if key.startswith(purpose))

    def index(self, resource: str) -> int:
        """Which of the tasks has that resource."""
        return [task.resource for task in self.tasks].index(resource)

    @property
    def task(self) -> StartTask:
        return self.tasks[0]

    @property
    def output(self) -> Any:
        assert isinstance(self.outcome, Succeeded), self.outcome
        return self.outcome.output

    @property
    def error(self) -> str | None:
        assert isinstance(self.outcome, Failed), self.outcome
        return self.outcome.error

    @property
    def cause(self) -> str:
        assert isinstance(self.outcome, Failed), self.outcome
        return self.outcome.cause or ""

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.history]

    def events(self, type: str) -> list[HistoryEvent]:
        return [event for event in self.history if event.type == type]

    def visited(self) -> list[str]:
        """Names of the states, in the order in which they were entered."""
        entered = [event.details for event in self.history if event.type.endswith("StateEntered")]
        return [details["stateEnteredEventDetails"]["name"] for details in entered]

    # ------------------------------------------------------------------ the room's books
    def _take(self, step: Step) -> None:
        for event in step.history:
            check_event(event)
            self.history.append(event)
        assert [event.id for event in self.history] == list(range(1, len(self.history) + 1))
        for action in step.actions:
            match action:
                case StartTask():
                    json.dumps(action.parameters)
                    self.tasks.append(action)
                case CancelTask():
                    self.cancelled.append(action.token)
                    self.tasks = [task for task in self.tasks if task.token != action.token]
                case SetTimer():
                    self.timers[action.key] = action
                case CancelTimer():
                    del self.timers[action.key]
        assert self.timers == {timer.key: timer for timer in step.due}
        if step.outcome is not None:
            self.outcome = step.outcome
            assert not self.timers


def machine(states: Mapping[str, Any], start: str | None = None, **top: Any) -> dict[str, Any]:
    """A definition; it starts at the first state unless told otherwise."""
    return {"StartAt": start or next(iter(states)), "States": dict(states), **top}


def one(state: Mapping[str, Any], **top: Any) -> dict[str, Any]:
    """A definition of one state, which ends it."""
    ending = {} if state["Type"] in ("Choice", "Succeed", "Fail") else {"End": True}
    return machine({"S": {**state, **ending}}, **top)


def jsonata(state: Mapping[str, Any]) -> dict[str, Any]:
    return one(state, QueryLanguage="JSONata")
