"""Figures beside the champion's are called better or worse only where chance does not explain it, and by the right end."""

from __future__ import annotations

from mlsystem.client.missing import Missing
from mlsystem.client.training_run import Evaluation, Figure, Gate
from mlsystem.console.evidence_table import MOST_CLASSES, confusion, figures

GATE = Gate("rmse", "LessThan", 3.0, 2.0)


def _evaluation(**values: tuple[float, float]) -> Evaluation:
    return Evaluation(10, "regression", {name: Figure(*told) for name, told in values.items()})


def test_less_of_an_error_is_better_and_what_chance_explains_is_neither() -> None:
    new = _evaluation(r2=(0.5, 0.01), rmse=(2.0, 0.1), mae=(1.0, 0.3), r2_best_constant_classifier=(0.0, 0.0))
    rows = figures(new, _evaluation(r2=(0.6, 0.01), rmse=(2.5, 0.1), mae=(1.2, 0.3)), GATE)
    assert [(row.name, row.tone, row.is_gate) for row in rows] == [
        ("rmse", "good", True),
        ("r2", "bad", False),
        ("mae", "plain", False),
    ]


def test_without_a_champion_nothing_is_better_or_worse() -> None:
    [row] = figures(_evaluation(r2=(0.5, 0.01)), None, None)
    assert (row.champion, row.change, row.tone) == (None, None, "plain")


def test_shades_are_shares_of_the_class_and_many_classes_are_cut() -> None:
    few = Evaluation(10, "", {}, {"a": {"a": 8, "b": 2}, "b": {"a": 0, "b": 0}})
    found = confusion(few)
    assert found is not None
    assert (found.shades, found.left_out) == (((4, 1), (0, 0)), 0)
    names = [f"c{at}" for at in range(MOST_CLASSES + 3)]
    many = confusion(Evaluation(10, "", {}, {name: {name: at} for at, name in enumerate(names)}))
    assert many is not None
    assert (many.left_out, many.classes[0]) == (3, "c3")
    assert confusion(Missing("gone")) is None
