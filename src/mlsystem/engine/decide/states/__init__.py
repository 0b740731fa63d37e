"""The Amazon States Language, whole and pure: what a state machine decides, without a clock, I/O or chance.

    machine = parse(definition)                 # InvalidDefinition lists every fault
    step = begin(machine, input, context)
    step = advance(machine, step.state, event)  # until step.outcome
    step = redrive(machine, step.state, at)     # after an outcome other than success

https://states-language.net/spec.html says what the language means, https://docs.aws.amazon.com/step-functions/ what
AWS makes of it; where they differ, AWS's behaviour counts. docs/coverage-states-language.md lists each part with its
test.
"""

from mlsystem.engine.decide.states.documents import Json, read
from mlsystem.engine.decide.states.faults import Fault, InvalidDefinition
from mlsystem.engine.decide.states.history import HistoryEvent
from mlsystem.engine.decide.states.interpreter import advance, begin, is_redrivable, redrive
from mlsystem.engine.decide.states.machine import StateMachine
from mlsystem.engine.decide.states.parsing import parse
from mlsystem.engine.decide.states.protocol import (
    Aborted,
    Action,
    ActivityStarted,
    CancelTask,
    CancelTimer,
    Context,
    Event,
    Failed,
    Outcome,
    SetTimer,
    StartTask,
    Step,
    Stop,
    Succeeded,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimedOut,
    TimerFired,
)

__all__ = [
    "Aborted",
    "Action",
    "ActivityStarted",
    "CancelTask",
    "CancelTimer",
    "Context",
    "Event",
    "Failed",
    "Fault",
    "HistoryEvent",
    "InvalidDefinition",
    "Json",
    "Outcome",
    "SetTimer",
    "StartTask",
    "StateMachine",
    "Step",
    "Stop",
    "Succeeded",
    "TaskFailed",
    "TaskHeartbeat",
    "TaskSubmitted",
    "TaskSucceeded",
    "TimedOut",
    "TimerFired",
    "advance",
    "begin",
    "is_redrivable",
    "parse",
    "read",
    "redrive",
]
