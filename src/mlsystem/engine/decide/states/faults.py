"""What can be wrong: with a definition before it runs, and with a state while it runs.

    InvalidDefinition    an answer of the API: every fault of a definition, each with its place
    StateFailure         a state reports an error: its name, its cause; Retry and Catch look at it
    ├── RuntimeFailure   States.Runtime: nothing retries or catches it
    └── QueryFailure     States.QueryEvaluationError: a JSONata expression failed or gave the wrong thing

AWS reports what the specification calls States.ParameterPathFailure, States.IntrinsicFailure and
States.NoChoiceMatched as States.Runtime ("reserved for future use",
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html), so this does too: a machine that
is caught here would not be caught there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlsystem.engine.decide.errors import AwsError

ALL = "States.ALL"
BRANCH_FAILED = "States.BranchFailed"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a definition; `location` is AWS's, `/States/Train/Next`."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location}" if self.location else f"{self.code}: {self.message}"


class InvalidDefinition(AwsError):
    """A definition that Step Functions would refuse. `faults` lists all that is wrong, not only the first."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        listed = ", ".join(str(fault) for fault in self.faults)
        super().__init__("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")


class FaultList:
    """Collects faults while a definition is checked."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def schema(self, message: str, location: str) -> None:
        self.add("SCHEMA_VALIDATION_FAILED", message, location)

    def target(self, message: str, location: str) -> None:
        self.add("MISSING_TRANSITION_TARGET", message, location)

    def not_here(self, feature: str, location: str) -> None:
        """AWS knows it, the local engine does not."""
        self.add("NOT_IMPLEMENTED", f"{feature} is not implemented by the local engine", location)

    def add(self, code: str, message: str, location: str) -> None:
        self.faults.append(Fault(code, message, location or "/"))


class StateFailure(Exception):
    """A state reports an error. A task may leave out the error's name, its cause or both.

    `also` are further names that ErrorEquals may use for it (a missed heartbeat is reported as States.Timeout).
    """

    # Whether the text still lacks its state: the interpreter knows which one it was executing.
    is_local = False

    def __init__(self, error: str | None, cause: str | None = None, also: Sequence[str] = ()):
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.also = frozenset(also)

    def output(self) -> dict[str, str | None]:
        """The Error Output, which a Catcher hands on. A time-out has an empty cause there (measured on AWS)."""
        return {"Error": self.error, "Cause": "" if self.error == TIMEOUT and self.cause is None else self.cause}

    def details(self) -> dict[str, str]:
        """Error and cause as history events carry them, in the lengths that the API allows."""
        error = {} if self.error is None else {"error": self.error[:256]}
        return error | ({} if self.cause is None else {"cause": self.cause[:32768]})

    def in_state(self, name: str, event: int) -> StateFailure:
        """The same with AWS's words for where it happened; `event` is the id of the event that entered the state."""
        if not self.is_local:
            return self
        place = f"An error occurred while executing the state '{name}' (entered at the event id #{event}). "
        return StateFailure(self.error, f"{place}{self.cause}", tuple(self.also))


class RuntimeFailure(StateFailure):
    """States.Runtime: the state could not be processed, and neither Retry nor Catch helps."""

    is_local = True

    def __init__(self, cause: str):
        super().__init__(RUNTIME, cause)


class QueryFailure(StateFailure):
    """States.QueryEvaluationError, at the field `location` ("Output/total"), or None if it is no field's."""

    is_local = True

    def __init__(self, cause: str, location: str | None):
        super().__init__(QUERY_EVALUATION_ERROR, cause)
        self.location = location


class ResultPathFailure(StateFailure):
    """States.ResultPathMatchFailure: the result cannot be put where ResultPath says."""

    is_local = True

    def __init__(self, cause: str):
        super().__init__(RESULT_PATH_MATCH_FAILURE, cause)
