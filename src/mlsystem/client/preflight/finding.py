"""Something that stands in the way of a deployment, or may do so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# problem: it would fail. warning: it would work, but not as one expects. unknown: it could not be looked at.
Severity = Literal["problem", "warning", "unknown"]


@dataclass(frozen=True)
class Finding:
    """`words` say what is wrong and what to do."""

    severity: Severity
    subject: str
    words: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.subject}: {self.words}"
