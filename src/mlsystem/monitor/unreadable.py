"""What of a dataset could not be read: counted, and the first ones named, so that the rest can be analysed honestly."""

from dataclasses import dataclass

_NAMED = 10
# Up to this share of unreadable rows, the others stand for the whole: a distance could be that much larger, no more.
TOLERABLE_SHARE = 0.01


@dataclass(frozen=True)
class Unreadable:
    """How many rows (or records) could not be read, and of the first ones where they stand and why."""

    count: int = 0
    examples: tuple[str, ...] = ()
    is_at_least: bool = False  # some of it is no text, and nobody knows how many rows that was

    def is_tolerable(self, readable: int) -> bool:
        """Whether what was found in that many readable rows can be said of all."""
        return not self.is_at_least and self.count <= TOLERABLE_SHARE * (self.count + readable)

    def sentence(self, readable: int) -> str:
        """How many there are, and the first one."""
        known = "at least " if self.is_at_least else ""
        return f"{known}{self.count} of {self.count + readable} rows could not be read; the first is {self.examples[0]}"


NOTHING_UNREADABLE = Unreadable()


class UnreadableTally:
    """Counts them while a dataset is read."""

    def __init__(self, copies: str = "") -> None:
        """`copies` is the folder of what is read in place of files, each below its own path."""
        self._copies = copies
        self.count = 0
        self._is_at_least = False
        self._examples: list[str] = []

    def add(self, example: str, count: int = 1, *, is_text: bool = True) -> None:
        """Adds rows that cannot be read for one reason; `example` is `place: reason`.

        What is no text (a file of another format, a block that a disk lost) has no rows that could be counted.
        """
        self.count += count
        self._is_at_least |= not is_text
        if len(self._examples) < _NAMED:
            self._examples.append(self._told(example))

    def _told(self, example: str) -> str:
        return example.removeprefix(self._copies).encode(errors="backslashreplace").decode()

    def result(self) -> Unreadable:
        """All so far."""
        return Unreadable(self.count, tuple(self._examples), self._is_at_least)
