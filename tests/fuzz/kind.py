"""What is fuzzed: a kind of input, which makes the inputs of a seed and says of each whether the code stood it."""

from __future__ import annotations

import logging
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

SOURCE = ("/src/mlsystem/", "/project/")


class Finding(Exception):
    """An input that the code did not stand. `signature` is the same for those that fail at the same place."""

    def __init__(self, signature: str, told: str):
        super().__init__(told)
        self.signature = signature


class Session(Protocol):
    """A world in which inputs are tried one after the other."""

    def make(self, chance: Random) -> Any:
        """An input; with the same chance and the same inputs before it always the same one."""
        ...

    def run(self, given: Any) -> str:
        """What became of it, in a word, to be counted. Raises Finding, or what the code should not have raised."""
        ...


@dataclass(frozen=True)
class Kind:
    """`epoch` inputs share a session: what one of them left behind another one may meet. `share` of all inputs are of this kind."""

    name: str
    open: Callable[[], AbstractContextManager[Session]]
    share: int
    epoch: int = 5_000


class Simple:
    """The session of a kind without a world: `make` an input, `run` it; `refusals` are what the code says no with."""

    def __init__(
        self,
        make: Callable[[Random], Any],
        run: Callable[[Any], object],
        refusals: tuple[type[Exception], ...],
    ):
        self._make, self._run, self._refusals = make, run, refusals

    def make(self, chance: Random) -> Any:
        return self._make(chance)

    def run(self, given: Any) -> str:
        try:
            self._run(given)
        except self._refusals as refusal:
            # An error answer must have words that can be sent.
            str(refusal).encode("utf-8", "surrogatepass")
            return "refused"
        return "taken"


def simple(
    name: str,
    make: Callable[[Random], Any],
    run: Callable[[Any], object],
    *refusals: type[Exception],
    share: int = 4,
) -> Kind:
    @contextmanager
    def session() -> Iterator[Session]:
        yield Simple(make, run, refusals)

    return Kind(name, session, share, epoch=20_000)


def in_folder(
    name: str,
    make: Callable[[Random], Any],
    run_in: Callable[[Path], Callable[[Any], object]],
    *refusals: type[Exception],
    share: int = 4,
) -> Kind:
    """As `simple`; `run_in` says what is run in a folder that is gone afterwards."""

    @contextmanager
    def session() -> Iterator[Session]:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            yield Simple(make, run_in(Path(folder)), refusals)

    return Kind(name, session, share, epoch=20_000)


def signature_of(error: BaseException) -> str:
    """Its type, and where in the project it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if any(part in frame.filename for part in SOURCE)] or list(frames)
    place = f"{ours[-1].filename.rpartition('/src/')[2]}:{ours[-1].name}" if ours else "?"
    return f"{type(error).__name__} in {place}"


class Tracebacks(logging.Handler):
    """Keeps what is logged with a traceback, or as an error, by whatever thread."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._kept: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        signature = signature_of(error) if error is not None else f"logged by {record.name}"
        told = "".join(traceback.format_exception(error)) if error is not None else ""
        self._kept.append((signature, f"{record.getMessage()}\n{told}"))

    def take(self) -> list[tuple[str, str]]:
        """What was kept since the last time."""
        kept, self._kept = self._kept, []
        return kept
