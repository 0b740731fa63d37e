"""Faults on purpose: how it is tried that a deployment protects its users (`mlsystem drill`). Without FAULT there are none.

The environment variable FAULT names one, and after how many answers of a worker it begins: `errors:5`; without a number
it is there from the first request.

| FAULT | what happens then |
|---|---|
| errors | every request is answered with 500 |
| slow | every answer comes 300 ms later |
| crash-on-start | the server ends before it answers its first ping |
| crash | the whole server ends, again and again |
| constant | every row has the same answer, whatever is in it |
| garbled | every answer is a word where a number belongs |
| extra | there is an answer too many |
| leak | memory is taken and not given back, until none is left |
| different | no fault: answers are a little others, as those of a model that was trained anew |
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

SLOWER_SECONDS = 0.3
CONSTANT = 0.999
WORD = "often"
LITTLE = 1.03
LEAKED_BYTES = 16 * 1024 * 1024  # a request
LEAST_BYTES_LEFT = 128 * 1024 * 1024  # what a worker may take beyond what it has, before there is no more
GUNICORN_ENDS = 3  # the exit code of a worker that cannot start: its parent gives up
STATM = Path("/proc/self/statm")  # pages of memory that the process has
Answers = list[list[object]]


class FaultError(Exception):
    """FAULT names none that there is, or the fault itself: a request that fails on purpose."""


class Fault:
    """One worker's. `strike` comes before a request is answered, `changed` gives the answers that go out."""

    def __init__(self, setting: str) -> None:
        self.name, _, number = setting.partition(":")
        if self.name not in KNOWN or (number and not number.isdecimal()):
            raise FaultError(
                f"FAULT is {setting!r}; it must be one of {', '.join(KNOWN)}, and `:N` for after N answers"
            )
        self._passes = int(number or 0)
        self._has_begun = False
        self._leaked: list[bytearray] = []

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Fault | None:
        """Raises FaultError."""
        setting = environment.get("FAULT", "")
        return cls(setting) if setting else None

    def strike(self) -> None:
        """Raises FaultError or MemoryError, sleeps, or ends the server."""
        self._has_begun = self._passes == 0
        self._passes = max(0, self._passes - 1)
        if self._has_begun and self.name in STRIKES:
            STRIKES[self.name](self)

    def changed(self, answers: Answers) -> Answers:
        if self.name == "different" and self._has_begun:
            return [_with_number(answer, lambda number: number / LITTLE) for answer in answers]
        if self.name == "constant" and self._has_begun:
            return [_with_number(answers[0], lambda _: CONSTANT) for _ in answers]
        if self.name == "garbled" and self._has_begun:
            return [[*answer[:-1], WORD] for answer in answers]
        if self.name == "extra" and self._has_begun:
            return [answers[0], *answers]
        return answers

    def _fail(self) -> None:
        raise FaultError("this fault was asked for by FAULT")

    def _wait(self) -> None:
        time.sleep(SLOWER_SECONDS)

    def _crash(self) -> None:
        """The worker's parent goes, and with it the server: Gunicorn alone would only make another worker."""
        with suppress(PermissionError):  # the parent may be root, where the worker is not
            os.kill(os.getppid(), signal.SIGKILL)
        os._exit(GUNICORN_ENDS)

    def _leak(self) -> None:
        if not self._leaked:
            taken = int(STATM.read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (taken + LEAST_BYTES_LEFT, resource.RLIM_INFINITY))
        self._leaked.append(bytearray(LEAKED_BYTES))


STRIKES: Mapping[str, Callable[[Fault], None]] = {
    "errors": Fault._fail,
    "slow": Fault._wait,
    "crash": Fault._crash,
    "leak": Fault._leak,
}
KNOWN = (*STRIKES, "crash-on-start", "constant", "garbled", "extra", "different")


def _with_number(answer: list[object], change: Callable[[float], float]) -> list[object]:
    """The last cell of an answer is a number: a probability, or what was predicted."""
    *others, number = answer
    return [*others, change(float(str(number)))]
