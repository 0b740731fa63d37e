"""The engine's errors: one base, one tree.

    EngineError                what failed, on which thing, and what to do next
    ├── AwsError               an answer of the API: AWS's code, a message, an HTTP status
    │   └── NotImplementedHere an operation, a member or a property that the engine refuses by name
    ├── ActionFailed           an outgoing action that will not succeed however often it is repeated
    └── StartupError           why `mlsystem up` cannot start, in one line

Everything that reaches a client is an `AwsError`; what comes from a library is translated where it enters.
"""

from __future__ import annotations

from collections.abc import Mapping


class EngineError(Exception):
    """Base of all that the engine raises itself."""


class AwsError(EngineError):
    """An error answer of an AWS operation.

    `code` is AWS's error code (`ResourceNotFound`), `status` the HTTP status; None takes the status that the service's model
    gives for that code, else 400.
    """

    def __init__(self, code: str, message: str, status: int | None = None, fields: Mapping[str, object] | None = None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})


class NotImplementedHere(AwsError):
    """Something that AWS does and the local engine does not; `subject` names it ("sagemaker:CreateDomain")."""

    def __init__(self, subject: str, advice: str = "docs/coverage.md lists what it does"):
        super().__init__("NotImplemented", f"{subject} is not implemented by the local engine; {advice}", status=501)
        self.subject = subject


class ActionFailed(EngineError):
    """Raised by an action handler to end its repetition: `reason` is told to the record that asked for it."""

    def __init__(self, reason: str, code: str = "InternalError"):
        super().__init__(reason)
        self.reason = reason
        self.code = code


class StartupError(EngineError):
    """The engine cannot start; the message is the one line that the person sees."""
