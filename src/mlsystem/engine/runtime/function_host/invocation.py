"""One invocation of a function, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

LONGEST_TAIL_BYTES = 4096

# ok         the function answered
# error      it raised, ended or could not start: FunctionError
# timed_out  it took longer than its time limit: also a FunctionError
# throttled  it never ran
Kind = Literal["ok", "error", "timed_out", "throttled"]


@dataclass(frozen=True)
class Invocation:
    """`resource` is how the function was named, `name` or `name:qualifier`: CloudWatch's dimension Resource."""

    request_id: str
    payload: bytes
    resource: str
    arn: str
    client_context: str | None = None
    trace_id: str | None = None


@dataclass
class Outcome:
    kind: Kind
    payload: bytes = b"null"
    tail: list[str] = field(default_factory=list)

    @property
    def is_error(self) -> bool:
        return self.kind in ("error", "timed_out")

    def last_lines(self) -> bytes:
        """The end of the log of this invocation: what LogType `Tail` asks for."""
        return "".join(f"{line}\n" for line in self.tail).encode()[-LONGEST_TAIL_BYTES:]


def failure(error_type: str, message: str, kind: Kind = "error") -> Outcome:
    return Outcome(kind, json.dumps({"errorType": error_type, "errorMessage": message}).encode())
