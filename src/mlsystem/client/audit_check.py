"""Whether the audit trail is as the engine wrote it: what was changed, removed, inserted or moved, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlsystem.audit_chain import KEPT_FILES, START, TRAIL, Line, Link, read_line


@dataclass(frozen=True)
class Remark:
    """Something about a place in the trail; `line` counts from 1, 0 stands for the file."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.words}" if self.line else f"{self.file}: {self.words}"


@dataclass(frozen=True)
class Report:
    """`faults` say what was done to the trail, in its order; `notes` what the engine itself tells of it."""

    lines: int
    first: int
    last: Link
    faults: list[Remark]
    notes: list[Remark]


@dataclass
class Check:
    """One walk along the trail: `line` for each of its lines in order, then `report`."""

    key: bytes
    _last: Link | None = None
    _good: Link | None = None  # the last that is surely the engine's; another than `_last` behind a fault
    _first: int = 0
    _lines: int = 0
    _pending: bytes = b""  # what is no line, and may be one that was cut
    _pending_place: tuple[str, int] = ("", 0)
    _hashes: dict[int, str] = field(default_factory=dict)  # of each line that was seen
    _older: set[int] = field(default_factory=set)
    _is_rotated: bool = False
    _missing: list[tuple[int, range]] = field(default_factory=list)
    _faults: list[Remark] = field(default_factory=list)
    _notes: list[Remark] = field(default_factory=list)

    def numbers(self, older: Iterable[int]) -> None:
        """Those of the older files that are there. To be told before the lines."""
        self._older = set(older)
        self._is_rotated = max(self._older, default=0) > KEPT_FILES

    def line(self, file: str, number: int, raw: bytes) -> Line | None:
        """The line, where it is one, whether or not it is right."""
        line = read_line(raw)
        if line is None:
            self._pending_place = self._pending_place if self._pending else (file, number)
            self._pending += raw
            return None
        self._lines += 1
        if self._last is None:
            self._begin(file, number, line)
        else:
            self._follow(file, number, line)
        self._pending = b""
        self._hashes.setdefault(line.link.sequence, line.link.hash)
        return line

    def report(self, head: Link | None, noted: Link | None = None) -> Report:
        """`head`: what the engine wrote down of the end, None where that is missing or not its own. `noted`: an end that somebody kept."""
        last = self._last or START
        if self._pending:
            self._end_pending()
        if head is None:
            self._fault(TRAIL, 0, "how far it had come is not known: audit.head is missing, or was changed")
        elif head.sequence > last.sequence:
            self._fault(TRAIL, 0, f"its end is missing: {_lines(range(last.sequence + 1, head.sequence + 1))}")
        elif self._hashes.get(head.sequence, head.hash) != head.hash:
            self._fault(TRAIL, 0, f"line {head.sequence} of the chain is not the one that the engine wrote")
        if noted is not None:
            self._compare(noted, last)
        self._name_moved()
        self._faults[:0] = self._missing_files()
        return Report(self._lines, self._first, last, self._faults, self._notes)

    def _begin(self, file: str, number: int, line: Line) -> None:
        self._first = line.link.sequence
        if self._first == 1:
            before = START
        else:
            before = Link(self._first - 1, line.previous)
            if self._is_rotated:
                self._note(file, 0, f"{_lines(range(1, self._first))} were in older files, which are kept no longer")
            else:
                self._fault(file, 0, f"the beginning is missing: {_lines(range(1, self._first))}")
        self._last = self._good = before
        self._follow(file, number, line)

    def _follow(self, file: str, number: int, line: Line) -> None:
        assert self._last is not None and self._good is not None
        sequence, expected = line.link.sequence, self._last.sequence + 1
        if any(line.follows(self.key, before, self._pending) for before in (self._last, self._good)):
            self._tell(file, number, line)
            self._last = self._good = line.link
            self._hashes[sequence] = line.link.hash
            return
        if self._pending:
            self._end_pending()
            if line.follows(self.key, self._last):
                self._last = self._good = line.link
                return
        elif sequence > expected:
            self._missing.append((len(self._faults), range(expected, sequence)))
            self._fault(file, number, f"{_lines(range(expected, sequence))} are missing before it")
        elif sequence < expected:
            what = "is there twice" if sequence in self._hashes else "stands in the wrong place"
            self._fault(file, number, f"line {sequence} of the chain {what}")
            return
        else:
            self._fault(file, number, f"line {sequence} of the chain was changed, or is not the engine's")
        self._last = line.link

    def _tell(self, file: str, number: int, line: Line) -> None:
        """What the engine says of itself, in a line that is surely its own."""
        if self._pending:
            self._note(*self._pending_place, "a line was cut here, by a crash or a full disk")
        if line.lost:
            self._note(file, number, f"{line.lost} records before it could not be written, as on a full disk")
        if line.is_headless:
            self._fault(
                file, number, "nothing said how far the trail had come when the engine started: lines may be missing"
            )

    def _end_pending(self) -> None:
        """What stands there is no line, and no later line of the engine says that one was cut."""
        file, number = self._pending_place
        if self._pending.endswith(b"\n") or file != TRAIL:
            self._fault(file, number, "this is not a line of the trail: it was changed or inserted")
        else:
            self._note(file, number, "the last line is not whole: it is being written, or was cut by a crash")

    def _compare(self, noted: Link, last: Link) -> None:
        if noted.sequence > last.sequence:
            self._fault(TRAIL, 0, f"line {noted.sequence}, which you noted, is missing")
        elif noted.sequence not in self._hashes:
            self._fault(
                TRAIL, 0, f"line {noted.sequence}, which you noted, is kept no longer: nothing can be said of it"
            )
        elif self._hashes[noted.sequence] != noted.hash:
            self._fault(TRAIL, 0, f"line {noted.sequence} is another than you noted: the trail was written anew")

    def _missing_files(self) -> list[Remark]:
        """Below the oldest that is there, a file is missed where nothing else tells that one is."""
        newest, oldest = max(self._older, default=0), min(self._older, default=0)
        numbers = range(max(1, newest - KEPT_FILES + 1), newest)
        missing = [number for number in numbers if number not in self._older and (number > oldest or not self._faults)]
        return [Remark(f"{TRAIL}.{number}", 0, "the whole file is missing") for number in missing]

    def _name_moved(self) -> None:
        """What is missing in one place and stands in another was moved."""
        for place, numbers in self._missing:
            if all(number in self._hashes for number in numbers):
                old = self._faults[place]
                self._faults[place] = Remark(
                    old.file, old.line, f"{_lines(numbers)} should be before it, and stand elsewhere"
                )

    def _fault(self, file: str, line: int, words: str) -> None:
        self._faults.append(Remark(file, line, words))

    def _note(self, file: str, line: int, words: str) -> None:
        self._notes.append(Remark(file, line, words))


def _lines(numbers: range) -> str:
    return f"line {numbers[0]}" if len(numbers) == 1 else f"lines {numbers[0]} to {numbers[-1]}"
