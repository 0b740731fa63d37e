"""The rows that are most unusual against the baseline: the ones that a person wants to see.

A row's score is the sum over its cells of how much each counts (see `unusual_values`): ordinary cells count nothing, so
that hundreds of them do not outweigh one that is impossible.

It streams: of each block of rows only those are kept that belong to the worst so far.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mlsystem.monitor.profile import DatasetProfile
from mlsystem.monitor.sketch import Floats
from mlsystem.monitor.unusual_values import RARE, Judge, Values, are_numbers, judge_of

KEPT_ROWS = 20
KEPT_COLUMNS = 12
_LONGEST_TEXT = 200


@dataclass(frozen=True)
class Cell:
    """A value of a row. `share` is there if it is unusual: how much of the baseline is at least as unusual, 0 to 1."""

    feature: str
    text: str | None  # None: missing
    share: float | None = None


@dataclass(frozen=True)
class UnusualRow:
    """A row by its number (from 1, in the order in which the rows came) and its cells, of all kept rows the same columns."""

    row: int
    score: float
    cells: tuple[Cell, ...]


def unusual_rows(blocks: Iterable[Mapping[str, Values]], baseline: DatasetProfile) -> tuple[UnusualRow, ...]:
    """The most unusual rows of all blocks, the most unusual first; see `UnusualRows`."""
    found = UnusualRows(baseline)
    for block in blocks:
        found.update(block)
    return found.worst()


class UnusualRows:
    """Takes blocks of rows in their order, and knows the most unusual so far; of equals the earlier ones."""

    def __init__(self, baseline: DatasetProfile, keep: int = KEPT_ROWS) -> None:
        self._baseline = {feature.name: feature for feature in baseline.features}
        self._judges: dict[tuple[str, bool], Judge | None] = {}
        self._keep = keep
        self._rows_before = 0
        self.searched = 0
        """How many rows it was given."""
        self._worst: list[UnusualRow] = []

    def update(self, block: Mapping[str, Values]) -> None:
        """Takes the next rows: columns of equal length, by name. Columns that the baseline does not know add nothing."""
        if not block:
            return
        scores = np.zeros(len(next(iter(block.values()))))
        for name, values in block.items():
            if judge := self._judge(name, values):
                scores += judge.judge(values).scores
        self._take(block, scores)
        self._rows_before += len(scores)
        self.searched += len(scores)

    def skip(self, rows: int) -> None:
        """The next rows are not given."""
        self._rows_before += rows

    def worst(self) -> tuple[UnusualRow, ...]:
        """The most unusual rows with at most twelve of their cells: the columns that are the most unusual."""
        shown = self._shown_columns()
        return tuple(replace(row, cells=tuple(c for c in row.cells if c.feature in shown)) for row in self._worst)

    def _take(self, block: Mapping[str, Values], scores: Floats) -> None:
        least = self._worst[-1].score if len(self._worst) == self._keep else 0.0
        places = np.flatnonzero(scores > least)
        places = places[np.argsort(-scores[places], kind="stable")[: self._keep]]
        if not len(places):
            return
        columns = [list(self._cells(name, values, places)) for name, values in block.items()]
        rows = zip(places.tolist(), scores[places].tolist(), zip(*columns, strict=True), strict=True)
        found = [UnusualRow(self._rows_before + place + 1, score, cells) for place, score, cells in rows]
        self._worst = sorted([*self._worst, *found], key=lambda row: (-row.score, row.row))[: self._keep]

    def _cells(self, name: str, values: Values, places: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> Iterator[Cell]:
        some: Values = (
            values[places] if isinstance(values, np.ndarray) else [values[place] for place in places.tolist()]
        )
        judge = self._judge(name, some)
        shares = judge.judge(some).shares.tolist() if judge else [1.0] * len(places)
        for value, share in zip(some, shares, strict=True):
            yield Cell(name, _text(value), share if share < RARE else None)

    def _judge(self, name: str, values: Values) -> Judge | None:
        key = name, are_numbers(values)
        if key not in self._judges:
            feature = self._baseline.get(name)
            self._judges[key] = judge_of(feature, values) if feature else None
        return self._judges[key]

    def _shown_columns(self) -> set[str]:
        """Those with the most surprise in them, and beside them the first ones."""
        surprise: dict[str, float] = {}
        for row in self._worst:
            for cell in row.cells:
                surprise[cell.feature] = surprise.get(cell.feature, 0.0) - np.log(cell.share or 1.0)
        return set(sorted(surprise, key=lambda name: -surprise[name])[:KEPT_COLUMNS])


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return None
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    text = str(value)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
