"""Which cell an attribute means, and which problems make sense."""

import pytest

from mlsystem.monitor.quality.problem import Problem, ProblemType, pick


@pytest.mark.parametrize("attribute", ["score", "$.score", "$.predictions[0].score", "predictions[*].score"])
def test_a_name_may_be_a_path(attribute: str) -> None:
    assert pick({"score": "0.5", "label": "1"}, attribute) == "0.5"


def test_members_of_members_and_items_of_lists_have_flat_names() -> None:
    row = {"a.b": "1", "c.0": "2", "empty": None}
    assert [pick(row, name) for name in ("$.a.b", "a.b", "$.c[0]", "empty")] == ["1", "1", "2", None]


@pytest.mark.parametrize(("attribute", "cell"), [("0", "x"), ("_c1", "y"), ("$[1]", "y")])
def test_cells_without_names_have_positions(attribute: str, cell: str) -> None:
    assert pick(["x", "y"], attribute) == cell


def test_a_column_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(ValueError, match="there is no 'answer' among a, b"):
        pick({"a": "1", "b": "2"}, "answer")
    for attribute in ("answer", "2", "-1"):
        with pytest.raises(ValueError, match=f"there is no '{attribute}' in a row of 2 cells"):
            pick(["1", "2"], attribute)


@pytest.mark.parametrize(
    ("problem", "fault"),
    [
        (Problem(ProblemType.REGRESSION), "needs an inference_attribute"),
        (Problem(ProblemType.MULTICLASS, probability="p"), "needs an inference_attribute"),
        (Problem(ProblemType.BINARY), "needs an inference_attribute or a probability_attribute"),
        (Problem(ProblemType.BINARY, probability="p", threshold=float("nan")), "has the probability threshold nan"),
        (Problem(ProblemType.BINARY, probability="p"), None),
    ],
)
def test_a_problem_says_what_it_lacks(problem: Problem, fault: str | None) -> None:
    found = problem.fault()
    assert found is None if fault is None else fault in str(found)


def test_the_members_of_the_files_are_named_after_the_problem() -> None:
    assert [kind.key for kind in ProblemType] == [
        "regression",
        "binary_classification",
        "multiclass_classification",
    ]
