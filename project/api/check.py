"""What the checks of a deployment share: how they fail, and their time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class CheckError(Exception):
    """A check that failed, or could not be made. The message says which, and what was found."""


@dataclass(frozen=True)
class Clock:
    """Time, as far as a check needs it."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
