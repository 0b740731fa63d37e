"""CloudWatch alarms: statistics of periods, metric math, and from data points to a state with its reason.

rule = read_rule(request)                              what PutMetricAlarm asks for
starts = period_starts(rule, now)                      the periods to look up, oldest first
value = statistic(samples, rule.statistic)             of each
verdict = evaluate(rule, points, now)   None: the state stays
"""

from mlsystem.engine.decide.alarm.evaluation import Verdict, evaluate, evaluation_range, period_starts
from mlsystem.engine.decide.alarm.expression import evaluate_expression, has_search, names_in, search_periods
from mlsystem.engine.decide.alarm.point import Point
from mlsystem.engine.decide.alarm.query import alarm_series, check_queries, evaluate_queries
from mlsystem.engine.decide.alarm.reason import INITIAL
from mlsystem.engine.decide.alarm.rule import AlarmRule, MissingData, StateValue, read_rule
from mlsystem.engine.decide.alarm.search import MOST_METRICS, Candidate, labels, read_search
from mlsystem.engine.decide.alarm.series import Many, Series
from mlsystem.engine.decide.alarm.statistic import (
    Samples,
    check_statistic,
    coarser,
    merged,
    needs_values,
    samples_of,
    statistic,
)

__all__ = [
    "INITIAL",
    "MOST_METRICS",
    "AlarmRule",
    "Candidate",
    "Many",
    "MissingData",
    "Point",
    "Samples",
    "Series",
    "StateValue",
    "Verdict",
    "alarm_series",
    "check_queries",
    "check_statistic",
    "coarser",
    "evaluate",
    "evaluate_expression",
    "evaluate_queries",
    "evaluation_range",
    "has_search",
    "labels",
    "merged",
    "names_in",
    "needs_values",
    "period_starts",
    "read_rule",
    "read_search",
    "samples_of",
    "search_periods",
    "statistic",
]
