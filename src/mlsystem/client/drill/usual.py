"""What answers are usually like: what the known good version says of each row, and how fast.

An answer does harm when it is an error, or says something quite else of the same row, or takes much longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import quantiles

from mlsystem.client.errors import ClientFailure
from mlsystem.client.traffic import Answer

# Beyond the slowest of a hundred usual ones by this factor, and by this much at least.
SLOWER, LEAST_SLOWER_SECONDS = 2.0, 0.2
# Of the range in which usual predictions lie.
OTHER = 0.25


@dataclass(frozen=True)
class Usual:
    """`said`: the number that each row got; `spread`: how far apart such numbers lie; `slow_seconds`: what is not usual any more."""

    said: dict[str, float]
    spread: float
    slow_seconds: float

    def is_wrong(self, answer: Answer) -> bool:
        """It says something quite else than usual, or nothing."""
        known = self.said.get(answer.query.body)
        return answer.has_failed or (known is not None and abs(_number(answer) - known) > OTHER * self.spread)

    def is_slow(self, answer: Answer) -> bool:
        return answer.seconds > self.slow_seconds


def usual(answers: Iterable[Answer]) -> Usual:
    """From answers of the version that serves. Raises ClientFailure when even these fail, or are too few."""
    found = list(answers)
    failed = [answer for answer in found if answer.has_failed]
    if failed:
        words = f"{failed[0].status} {failed[0].body[:200]}".strip()
        raise ClientFailure(f"{len(failed)} of {len(found)} requests fail before anything was deployed: {words}")
    if len(found) < 10:
        raise ClientFailure(
            f"only {len(found)} requests were answered before anything was deployed: too few to compare with"
        )
    said = {answer.query.body: _number(answer) for answer in found}
    slow = quantiles([answer.seconds for answer in found], n=100)[98]
    return Usual(said, max(said.values()) - min(said.values()), max(SLOWER * slow, slow + LEAST_SLOWER_SECONDS))


def _number(answer: Answer) -> float:
    """The last cell of the first row: a probability, or what is predicted. What is no number is none that was said before."""
    try:
        return float(answer.body.strip().splitlines()[0].rsplit(",", 1)[-1])
    except (ValueError, IndexError):
        return float("inf")
