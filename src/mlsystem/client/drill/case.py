"""What a drill deploys, and what must become of it.

The faults are those of the container program (`faults.py` in its code); a number behind one is after how many answers of a worker it
begins, so that the checks before the traffic, which send eleven requests, find nothing and the traffic has to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """What becomes of a version."""

    PROMOTED = "promoted"  # it has all traffic
    REFUSED = "refused"  # taken back before any request went to it
    ROLLED_BACK = "rolled back"  # taken back after some did


@dataclass(frozen=True)
class Case:
    name: str
    fault: str
    endings: tuple[Ending, ...]

    @property
    def is_harmless(self) -> bool:
        return self.endings == (Ending.PROMOTED,)


KNOWN_GOOD = Case("known good", "", (Ending.PROMOTED,))
CASES = (
    KNOWN_GOOD,
    Case("answers 500", "errors", (Ending.REFUSED,)),
    Case("answers 500, later", "errors:12", (Ending.ROLLED_BACK,)),
    Case("answers slowly", "slow:12", (Ending.ROLLED_BACK,)),
    Case("crashes on start", "crash-on-start", (Ending.REFUSED,)),
    Case("crashes later", "crash:12", (Ending.ROLLED_BACK,)),
    Case("predicts a constant", "constant:12", (Ending.ROLLED_BACK,)),
    Case("answers with words", "garbled", (Ending.REFUSED,)),
    Case("leaks memory", "leak:12", (Ending.ROLLED_BACK,)),
    Case("different, but fine", "different", (Ending.PROMOTED,)),
)
