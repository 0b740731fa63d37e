"""What the results of a Search can be at most."""

from __future__ import annotations

from mlsystem.engine.services.sagemaker.search_bounds import only, required


def _equal(name: str, value: str) -> dict[str, str]:
    return {"Name": name, "Operator": "Equals", "Value": value}


A, B, OTHER = _equal("TrialName", "a"), _equal("TrialName", "b"), _equal("DisplayName", "x")


def test_a_filter_bounds_its_property_and_no_other() -> None:
    assert required({"Filters": [A, OTHER]}, "TrialName") == frozenset({"a"})
    assert required({"Filters": [OTHER]}, "TrialName") is None
    assert required({"Filters": [{**A, "Operator": "NotEquals"}]}, "TrialName") is None
    assert required({}, "TrialName") is None


def test_alternatives_bound_a_property_where_each_of_them_does() -> None:
    assert required({"Operator": "Or", "Filters": [A, B]}, "TrialName") == frozenset({"a", "b"})
    assert required({"Operator": "Or", "Filters": [A, OTHER]}, "TrialName") is None
    inner = {"Operator": "Or", "Filters": [A, B]}
    assert required({"SubExpressions": [inner, {"Filters": [OTHER]}]}, "TrialName") == frozenset({"a", "b"})


def test_what_cannot_be_judged_bounds_nothing() -> None:
    assert required({"Filters": [A], "NestedFilters": [{}]}, "TrialName") is None


def test_a_single_filter_is_all_that_is_asked_for() -> None:
    assert only({"Filters": [A]}, "TrialName") == "a"
    assert only({"Filters": [A, OTHER]}, "TrialName") is None
    assert only({"Filters": [A], "SubExpressions": [{"Filters": [OTHER]}]}, "TrialName") is None
