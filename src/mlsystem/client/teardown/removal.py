"""One thing that is to go: what a plan is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Removal:
    """`kind` is a word for people ("stack", "endpoint"); `carry_out` removes it, waits until it is gone, and is safe to repeat."""

    kind: str
    name: str
    carry_out: Callable[[], None] = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
