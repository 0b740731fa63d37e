"""Chance that repeats: tokens, UUIDs and random numbers drawn from the execution's id and a counter.

The interpreter is pure, so that a step which is decided again after a crash decides the same. The counter lives in
the execution's state.
"""

from __future__ import annotations

import base64
import hashlib
import uuid


class Chance:
    """A source seeded by `seed`, of which `draws` values have been drawn."""

    def __init__(self, seed: str, draws: int):
        self._seed = seed
        self.draws = draws

    def _bytes(self) -> bytes:
        self.draws += 1
        return hashlib.sha512(f"{self._seed}#{self.draws}".encode()).digest()

    def token(self) -> str:
        """A task token: opaque, and the same when the step is repeated."""
        return base64.urlsafe_b64encode(self._bytes()).decode().rstrip("=")

    def uuid(self) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(bytes=self._bytes()[:16], version=4))

    def fraction(self) -> float:
        """A number from 0 up to, but not including, 1."""
        return _fraction(self._bytes())

    def whole(self, start: int, end: int) -> int:
        """An integer from `start` up to, but not including, `end`."""
        return _between(self.fraction(), start, end)


def seeded_fraction(seed: object) -> float:
    """The same number for the same seed, everywhere."""
    return _fraction(hashlib.sha512(f"seed:{seed}".encode()).digest())


def seeded_whole(seed: object, start: int, end: int) -> int:
    """The same integer for the same seed and bounds."""
    return _between(seeded_fraction(seed), start, end)


def _fraction(data: bytes) -> float:
    return (int.from_bytes(data[:8], "big") >> 11) / (1 << 53)


def _between(fraction: float, start: int, end: int) -> int:
    return start + int(fraction * (end - start))
