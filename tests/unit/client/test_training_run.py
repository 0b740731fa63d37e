"""An evaluation is read as it was written, of whichever kind of model."""

from __future__ import annotations

import pytest

from mlsystem.client.training_run import Figure, parse_evaluation

DATASET = {"item_count": 4}


def test_a_binary_evaluation_has_its_figures_and_its_confusion() -> None:
    group = {"confusion_matrix": {"0": {"0": 3, "1": 1}}, "auc": {"value": 0.9, "standard_deviation": "NaN"}}
    found = parse_evaluation({"dataset": DATASET, "binary_classification_metrics": group})
    assert (found.rows, found.kind) == (4, "binary classification")
    assert found.figures == {"auc": Figure(0.9, None)}
    assert found.confusion == {"0": {"0": 3, "1": 1}}


def test_residuals_of_a_regression_are_read_where_there_are_some() -> None:
    group = {"rmse": {"value": 2.0, "standard_deviation": 0.1}}
    content = {"dataset": DATASET, "regression_metrics": group}
    assert parse_evaluation(content).residuals is None
    content["residuals"] = {"edges": [-1.0, 0.0, 1.0], "counts": [1, 3]}
    assert parse_evaluation(content).residuals == ((-1.0, 0.0, 1.0), (1, 3))


def test_an_evaluation_of_ones_own_container_need_have_no_more_than_the_figure_of_the_gate() -> None:
    found = parse_evaluation({"multiclass_classification_metrics": {"accuracy": {"value": 1}}})
    assert (found.rows, found.figures) == (None, {"accuracy": Figure(1.0, None)})


def test_what_is_no_evaluation_is_refused() -> None:
    with pytest.raises(KeyError):
        parse_evaluation({"dataset": DATASET})
