"""The values of metric math: a number, one series, or several, and operations on them period by period."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from mlsystem.engine.decide.errors import AwsError

# One value a period, oldest first; None where there is none.
Series = list[float | None]


@dataclass(frozen=True)
class Many:
    """Several series, as METRICS(), [m1, m2] and SEARCH give them; of those that were searched for, what to call them."""

    rows: tuple[Series, ...]
    labels: tuple[str, ...] = ()


Value = float | Series | Many


def apply(function: Callable[..., float], *values: Value) -> Value:
    """Apply a function of numbers: to several series row by row, to a series period by period.

    Where one of the values is missing, so is the result; and where it is no number (a division by nought).
    """
    lengths = {len(value.rows) for value in values if isinstance(value, Many)}
    if len(lengths) > 1:
        raise wrong("different numbers of series cannot be combined")
    if lengths:
        rows = [_row(function, values, index) for index in range(lengths.pop())]
        labels = next((value.labels for value in values if isinstance(value, Many) and value.labels), ())
        return Many(tuple(rows), labels)
    periods = [len(value) for value in values if isinstance(value, list)]
    if not periods:
        return figure(function, *values)
    columns = [value if isinstance(value, list) else [value] * periods[0] for value in values]
    return [_point(function, items) for items in zip(*columns, strict=True)]


def figure(function: Callable[..., float], *values: object) -> float:
    """What the function makes of numbers, NaN where that is none (a sum beyond all bounds, a whole number next to infinity)."""
    try:
        return float(function(*values))
    except (OverflowError, ValueError):
        return math.nan


def one_series(value: Value) -> Series:
    """Raises AwsError(ValidationError) if it is anything else."""
    if isinstance(value, list):
        return value
    raise wrong("a single series is wanted here, one value a period")


def column(value: Value, length: int) -> Series:
    """A series as it is, a number in every period."""
    if isinstance(value, Many):
        raise wrong("several series cannot stand here")
    return value if isinstance(value, list) else [value] * length


def repeated(series: Series) -> Series:
    """FILL with REPEAT: the last value there was."""
    result: Series = []
    for value in series:
        result.append(value if value is not None else result[-1] if result else None)
    return result


def interpolated(series: Series) -> Series:
    """FILL with LINEAR: on the line between the neighbours."""
    known = [(position, value) for position, value in enumerate(series) if value is not None]
    result = list(series)
    for (left, start), (right, end) in pairwise(known):
        for position in range(left + 1, right):
            result[position] = start + (end - start) * (position - left) / (right - left)
    return result


def differences(series: Series) -> Series:
    """DIFF: each value less the one before it, however long ago that was; the first has none."""
    return [None if pair is None else pair[1] - pair[0] for pair in _steps(series)]


def distances(series: Series, period: float) -> Series:
    """DIFF_TIME: the seconds from the value before it."""
    known = [position if value is not None else None for position, value in enumerate(series)]
    return [None if pair is None else (pair[1] - pair[0]) * period for pair in _steps(known)]


def rates(series: Series, period: float) -> Series:
    """RATE: by how much it changed a second."""
    pairs = zip(differences(series), distances(series, period), strict=True)
    return [None if rise is None or seconds is None else rise / seconds for rise, seconds in pairs]


def running_sum(series: Series) -> Series:
    """RUNNING_SUM: what came until then; nothing where there is no value."""
    sums = accumulate(value or 0.0 for value in series)
    return [None if value is None else total for value, total in zip(series, sums, strict=True)]


def each(function: Callable[[Series], Series], value: Value) -> Value:
    """A function of one series; of several, row by row."""
    if isinstance(value, Many):
        return Many(tuple(function(row) for row in value.rows), value.labels)
    return function(one_series(value))


def picked(many: Many, positions: Iterable[int]) -> Many:
    """Some of the series, in this order, each with its label."""
    chosen = list(positions)
    labels = tuple(many.labels[position] for position in chosen) if many.labels else ()
    return Many(tuple(many.rows[position] for position in chosen), labels)


def wrong(message: str) -> AwsError:
    """The error of an expression that cannot be computed."""
    return AwsError("ValidationError", f"Error in expression: {message}.")


def _steps(series: Sequence[float | None]) -> Iterator[tuple[float, float] | None]:
    """For each period the value before it and its own, where it has both."""
    last: float | None = None
    for value in series:
        yield None if value is None or last is None else (last, value)
        last = last if value is None else value


def _row(function: Callable[..., float], values: Sequence[Value], index: int) -> Series:
    picked = [value.rows[index] if isinstance(value, Many) else value for value in values]
    return one_series(apply(function, *picked))


def _point(function: Callable[..., float], items: Sequence[object]) -> float | None:
    if any(item is None for item in items):
        return None
    result = figure(function, *items)
    return result if math.isfinite(result) else None
