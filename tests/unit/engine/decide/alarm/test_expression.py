"""Metric math."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.alarm import Many, Series, check_queries, evaluate_expression, evaluate_queries
from mlsystem.engine.decide.alarm.query import alarm_series
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

METRICS: dict[str, Series] = {"errors": [1.0, None, 0.0], "calls": [10.0, 20.0, 0.0], "old": [None, 2.0, 4.0]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("errors", [1.0, None, 0.0]),
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2 ^ 3 - -1", 9.0),
        ("10 - 4 - 3", 3.0),
        ("-calls / 2", [-5.0, -10.0, 0.0]),
        ("100 * errors / calls", [10.0, None, None]),
        ("FILL(errors, 0) + calls", [11.0, 20.0, 0.0]),
        ("FILL(errors, calls)", [1.0, 20.0, 0.0]),
        ("FILL(errors, REPEAT)", [1.0, 1.0, 0.0]),
        ("FILL(errors, LINEAR)", [1.0, 0.5, 0.0]),
        ("FILL(old, REPEAT)", [None, 2.0, 4.0]),
        ("SUM(METRICS())", [11.0, 22.0, 4.0]),
        ("SUM([errors, old])", [1.0, 2.0, 4.0]),
        ("SUM(METRICS('o'))", [1.0, 2.0, 4.0]),
        ("MAX(METRICS())", [10.0, 20.0, 4.0]),
        ("MIN([errors, calls])", [1.0, 20.0, 0.0]),
        ("AVG([calls, old])", [10.0, 11.0, 2.0]),
        ("SUM(calls)", 30.0),
        ("AVG(errors)", 0.5),
        ("calls - AVG(calls)", [0.0, 10.0, -10.0]),
        ("SUM(FILL(METRICS(), 0))", [11.0, 22.0, 4.0]),
        ("SUM(METRICS() * 2)", [22.0, 44.0, 8.0]),
        ("IF(calls > 5, errors, 0)", [1.0, None, 0.0]),
        ("IF(calls >= 10 && calls < 20, 1, 2)", [1.0, 2.0, 2.0]),
        ("IF(calls > 15, calls)", [None, 20.0, None]),
        ("IF(errors, 5, 6)", [5.0, None, 6.0]),
        ("IF(1 > 2, errors, calls)", [10.0, 20.0, 0.0]),
        ("calls == 20 OR calls != 10", [0.0, 1.0, 1.0]),
        ("ABS(calls - 15)", [5.0, 5.0, 15.0]),
        ("CEIL(calls / 15) + FLOOR(1.9)", [2.0, 3.0, 1.0]),
        ("LOG10(calls * 10) + LOG(1)", [2.0, pytest.approx(2.301, abs=0.001), None]),
        ("DIFF(calls)", [None, 10.0, -20.0]),
        ("DIFF(errors)", [None, None, -1.0]),
        ("DIFF_TIME(errors)", [None, None, 600.0]),
        ("RATE(calls) * 300", [None, 10.0, -20.0]),
        ("RATE(errors) * 600", [None, None, -1.0]),
        ("RUNNING_SUM(errors + 1)", [2.0, None, 3.0]),
        ("PERIOD(calls)", 300.0),
        ("calls / PERIOD(calls) * 30", [1.0, 2.0, 0.0]),
        ("METRIC_COUNT(METRICS())", 3.0),
        ("SUM(errors) / DATAPOINT_COUNT(errors)", 0.5),
        ("DATAPOINT_COUNT(METRICS())", [2.0, 2.0, 3.0]),
        ("TIME_SERIES(MAX(calls))", [20.0, 20.0, 20.0]),
        ("FIRST(METRICS())", [1.0, None, 0.0]),
        ("FIRST(SORT(METRICS(), AVG, DESC))", [10.0, 20.0, 0.0]),
        ("LAST(SORT(METRICS(), MAX, ASC))", [10.0, 20.0, 0.0]),
        ("SUM(SORT(METRICS(), SUM, DESC, 2))", [10.0, 22.0, 4.0]),
        ("SUM(SLICE(METRICS(), 1))", [10.0, 22.0, 4.0]),
        ("SUM(SLICE(METRICS(), 0, 1))", [1.0, None, 0.0]),
        ("METRIC_COUNT(REMOVE_EMPTY([errors, calls / 0]))", 1.0),
        ("SUM([METRICS('err'), METRICS('call')])", [11.0, 20.0, 0.0]),
    ],
)
def test_an_expression_gives(text: str, value: Any) -> None:
    assert evaluate_expression(text, METRICS, period=300) == value


def test_metrics_alone_are_several_series() -> None:
    assert evaluate_expression("METRICS()", METRICS) == Many(tuple(METRICS.values()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("errors +", "it ends too early"),
        ("(errors", "')' is missing"),
        ("errors calls", "'calls' was not expected"),
        ("errors $ 2", "cannot read '$'"),
        ("unknown * 2", "it names unknown, but no query has that Id"),
        ("FILL(errors)", "FILL takes a series and what to fill it with"),
        ("IF(errors)", "IF takes two or three arguments"),
        ("SUM(errors, calls)", "SUM takes one argument"),
        ("FIRST(errors)", "several series are wanted here"),
        ("SORT(METRICS(), MEDIAN, ASC)", "SORT takes several series, one of AVG, MIN, MAX, SUM, and ASC or DESC"),
        ("SLICE(METRICS(), 0 - 1)", "SORT and SLICE count with whole numbers"),
        ("SLICE(METRICS())", "SLICE takes several series and one or two numbers"),
        ("TIME_SERIES(errors)", "TIME_SERIES takes a number"),
        ("'text'", "the text 'text' cannot stand here"),
        ("METRICS() + METRICS('calls')", "different numbers of series cannot be combined"),
    ],
)
def test_what_cannot_be_computed_is_refused(text: str, message: str) -> None:
    with pytest.raises(AwsError) as refusal:
        evaluate_expression(text, METRICS)
    assert message in refusal.value.message


def test_other_functions_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedHere, match="metric math function ANOMALY_DETECTION_BAND"):
        evaluate_expression("ANOMALY_DETECTION_BAND(errors)", METRICS)


def test_series_that_are_sorted_keep_their_labels() -> None:
    found = Many(([1.0, None], [3.0, 4.0]), ("low", "high"))
    assert evaluate_expression("SORT(SEARCH('x', 'Sum'), MAX, DESC)", {}, search=lambda *_: found) == Many(
        ([3.0, 4.0], [1.0, None]), ("high", "low")
    )


def test_a_rate_goes_by_the_period_of_the_metrics() -> None:
    queries = [{**stored("calls"), "MetricStat": {"Period": 300}}, computed("a", "RATE(calls) * 300", True)]
    assert alarm_series(queries, METRICS) == [None, 10.0, -20.0]


def stored(name: str, returns: bool = False) -> dict[str, Any]:
    return {"Id": name, "MetricStat": {}, "ReturnData": returns}


def computed(name: str, text: str, returns: bool = False) -> dict[str, Any]:
    return {"Id": name, "Expression": text, "ReturnData": returns}


def test_expressions_may_name_each_other_in_any_order() -> None:
    queries = [
        computed("rate", "filled / calls", True),
        computed("filled", "FILL(errors, 0)"),
        stored("errors"),
        stored("calls"),
    ]
    check_queries(queries)
    assert evaluate_queries(queries, METRICS)["rate"] == [0.1, 0.0, None]
    assert alarm_series(queries, METRICS) == [0.1, 0.0, None]


def test_metrics_means_the_stored_ones_only() -> None:
    queries = [stored("calls"), computed("twice", "calls * 2"), computed("all", "SUM(METRICS())", True)]
    assert alarm_series(queries, METRICS) == [10.0, 20.0, 0.0]


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([stored("Errors", True)], "must begin with a lower case letter"),
        ([stored("a", True), stored("a")], "and be there once"),
        ([stored("a"), stored("b")], "exactly one query of an alarm returns data, but 0 do"),
        ([computed("a", "b", True), computed("b", "a")], "the expressions a, b name each other in a ring"),
        ([computed("a", "c", True)], "the expression a names c, but no query has that Id"),
        ([{"Id": "a"}], "the query a needs either MetricStat or Expression"),
    ],
)
def test_queries_that_do_not_fit_are_refused(queries: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(AwsError) as refusal:
        check_queries(queries)
    assert message in refusal.value.message


def test_a_number_is_no_series_to_watch() -> None:
    with pytest.raises(AwsError, match="a single series is wanted"):
        alarm_series([stored("calls"), computed("a", "SUM(calls)", True)], METRICS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("SUM(METRICS())", [None, 2.0]),
        ("CEIL(large * 10)", [None, 10.0]),
        ("large * 10 - large * 10", [None, 0.0]),
    ],
)
def test_a_figure_beyond_all_bounds_is_none(text: str, value: Series) -> None:
    assert evaluate_expression(text, {"large": [1e308, 1.0], "other": [1e308, 1.0]}) == value


def test_a_number_of_series_has_a_bound() -> None:
    with pytest.raises(AwsError, match="whole numbers"):
        evaluate_expression("SLICE(METRICS(), 0, 1e308 * 10)", METRICS)
