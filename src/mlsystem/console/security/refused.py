"""A request that is not let in; the words are for the person."""

from __future__ import annotations


class Refused(Exception):
    """`status` is that of HTTP."""

    def __init__(self, status: int, words: str):
        super().__init__(words)
        self.status = status


class NotSignedIn(Refused):
    """They are asked to."""

    def __init__(self) -> None:
        super().__init__(401, "sign in first")
