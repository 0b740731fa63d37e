"""Figures of a model beside those of the champion, as a table shows them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mlsystem.client.missing import Missing
from mlsystem.client.training_run import Evaluation, Figure, Gate

# Of these less is better; of all others more is.
LESS_IS_BETTER = {"mae", "mse", "rmse", "false_positive_rate", "false_negative_rate"}
CONSTANT = "_best_constant_classifier"
MOST_CLASSES = 20
SHADES = 5


@dataclass(frozen=True)
class Row:
    """`change` is the new figure less the champion's; `tone` says whether it is better (good), worse (bad) or within the
    deviation of both (plain)."""

    name: str
    new: Figure
    champion: Figure | None
    change: float | None
    tone: str
    is_gate: bool


@dataclass(frozen=True)
class Confusion:
    """`shares` are those of each actual class's rows, as a shade from 0 to 5."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shades: tuple[tuple[int, ...], ...]
    left_out: int


def figures(new: Evaluation, champion: Evaluation | None, gate: Gate | None) -> list[Row]:
    """The gate's first. What a model would reach that always gives the same answer is left out."""
    older = champion.figures if champion else {}
    rows = [
        _row(name, figure, older.get(name), gate is not None and gate.metric == name)
        for name, figure in new.figures.items()
        if not name.endswith(CONSTANT)
    ]
    return sorted(rows, key=lambda row: not row.is_gate)


def _row(name: str, new: Figure, champion: Figure | None, is_gate: bool) -> Row:
    if champion is None:
        return Row(name, new, None, None, "plain", is_gate)
    change = new.value - champion.value
    noise = ((new.deviation or 0.0) ** 2 + (champion.deviation or 0.0) ** 2) ** 0.5
    tone = "plain"
    if abs(change) > noise:
        tone = "good" if (change < 0) == (name in LESS_IS_BETTER) else "bad"
    return Row(name, new, champion, change, tone, is_gate)


def confusion(one: Evaluation | Missing) -> Confusion | None:
    """The classes with the most rows; None for what has no classes."""
    if isinstance(one, Missing) or not one.confusion:
        return None
    sizes = {name: sum(row.values()) for name, row in one.confusion.items()}
    largest = set(sorted(sizes, key=lambda name: -sizes[name])[:MOST_CLASSES])
    classes = tuple(name for name in one.confusion if name in largest)
    counts = tuple(tuple(one.confusion[actual].get(answer, 0) for answer in classes) for actual in classes)
    shades = tuple(
        tuple(round(SHADES * count / max(sizes[actual], 1)) for count in row)
        for actual, row in zip(classes, counts, strict=True)
    )
    return Confusion(classes, counts, shades, len(one.confusion) - len(classes))
