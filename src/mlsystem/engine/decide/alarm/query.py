"""The queries of an alarm or of GetMetricData: metrics, and expressions that name others by id."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.alarm.expression import (
    SHORTEST_PERIOD,
    Searcher,
    evaluate_expression,
    has_search,
    names_in,
)
from mlsystem.engine.decide.alarm.series import Many, Series, Value, one_series
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

ID = re.compile(r"[a-z][A-Za-z0-9_]*")
Query = Mapping[str, Any]


def check_queries(queries: Sequence[Query], *, for_alarm: bool = True) -> None:
    """Raises AwsError(ValidationError) for ids, names and numbers of results that CloudWatch refuses."""
    ids = [str(query["Id"]) for query in queries]
    for name in ids:
        if not ID.fullmatch(name) or ids.count(name) > 1:
            raise _invalid(f"the Id {name!r} must begin with a lower case letter, and be there once")
    for query in queries:
        _check_query(query, ids)
        if for_alarm and has_search(query.get("Expression", "0")):
            raise _invalid(f"an alarm cannot be based on SEARCH, which the expression {query['Id']} has")
    returned = sum(bool(query.get("ReturnData", True)) for query in queries)
    if for_alarm and returned != 1:
        raise _invalid(f"exactly one query of an alarm returns data, but {returned} do")
    _ordered(queries)


def evaluate_queries(
    queries: Sequence[Query], metrics: Mapping[str, Series], search: Searcher | None = None, period: float | None = None
) -> dict[str, Value]:
    """Every query's value by id; `metrics` are the series of those with a MetricStat, all of one length and `period` (theirs)."""
    periods = [float(query["MetricStat"]["Period"]) for query in queries if "Period" in query.get("MetricStat", {})]
    seconds = period or max(periods, default=SHORTEST_PERIOD)
    stored = {query["Id"]: metrics[query["Id"]] for query in queries if "MetricStat" in query}
    values: dict[str, Value] = dict(stored)
    for query in _ordered(queries):
        if "Expression" in query:
            named = {name: values[name] for name in names_in(query["Expression"])}
            values[query["Id"]] = evaluate_expression(query["Expression"], stored, {**stored, **named}, search, seconds)
    return values


def alarm_series(queries: Sequence[Query], metrics: Mapping[str, Series]) -> Series:
    """The series that an alarm watches: that of the one query which returns data.

    Raises AwsError(ValidationError) if that is no single series.
    """
    (watched,) = (query["Id"] for query in queries if query.get("ReturnData", True))
    value = evaluate_queries(queries, metrics)[watched]
    if isinstance(value, Many) and len(value.rows) == 1:
        return value.rows[0]
    return one_series(value)


def _check_query(query: Query, ids: Sequence[str]) -> None:
    if ("MetricStat" in query) == ("Expression" in query):
        raise _invalid(f"the query {query['Id']} needs either MetricStat or Expression")
    if "AccountId" in query:
        raise NotImplementedHere("cloudwatch metrics of another account")
    unknown = [name for name in names_in(query.get("Expression", "0")) if name not in ids]
    if unknown:
        raise _invalid(f"the expression {query['Id']} names {unknown[0]}, but no query has that Id")


def _ordered(queries: Sequence[Query]) -> list[Query]:
    """Each after those that it names."""
    left = list(queries)
    done: list[Query] = []
    while left:
        known = {query["Id"] for query in done}
        ready = [query for query in left if set(names_in(query.get("Expression", "0"))) <= known]
        if not ready:
            raise _invalid(f"the expressions {', '.join(query['Id'] for query in left)} name each other in a ring")
        done += ready
        left = [query for query in left if query not in ready]
    return done


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", f"Error in metrics: {message}.")
