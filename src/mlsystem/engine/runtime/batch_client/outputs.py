"""What is written of one input object: all of its answers in their order, or nothing."""

from __future__ import annotations

from pathlib import Path

from .config import Failure, Source


class Output:
    """Grows aside and is renamed when it is whole."""

    def __init__(self, source: Source, ends_lines: bool):
        self.source = source
        self.failure: Failure | None = None
        self._place = Path(source.output)
        self._aside = self._place.with_name(f"{self._place.name}.part")
        self._ends_lines = ends_lines
        self._file = self._aside.open("wb")

    def write(self, answer: bytes) -> None:
        if self.failure is None:
            self._file.write(answer)
            if self._ends_lines and not answer.endswith(b"\n"):
                self._file.write(b"\n")

    def fail(self, reason: str) -> None:
        """The first reason counts."""
        if self.failure is None:
            self.failure = Failure(self.source.name, reason)

    def finish(self) -> None:
        self._file.close()
        if self.failure is None:
            self._aside.rename(self._place)
        else:
            self._aside.unlink()
