"""Metric math: what an alarm (or GetMetricData) computes from metrics, period by period.

What needs the calendar, another service's data or a model of the past (HOUR, ANOMALY_DETECTION_BAND) is refused by name, and so is
STDDEV, of which AWS does not say which deviation it is. Where either side of an operation has no value, the result has none;
FILL gives one.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence

from mlsystem.engine.decide.alarm.grammar import Binary, Call, Name, Node, Number, Text, Unary, parse
from mlsystem.engine.decide.alarm.series import (
    Many,
    Series,
    Value,
    apply,
    column,
    differences,
    distances,
    each,
    figure,
    interpolated,
    one_series,
    picked,
    rates,
    repeated,
    running_sum,
    wrong,
)
from mlsystem.engine.decide.errors import NotImplementedHere

FILLERS: Mapping[str, Callable[[Series], Series]] = {"REPEAT": repeated, "LINEAR": interpolated}
ORDERS = {"ASC": False, "DESC": True}
SHORTEST_PERIOD = 60.0
MOST_COUNTED = 1_000_000
Arguments = tuple[Node, ...]
# The series that a search expression and a statistic mean.
Searcher = Callable[[str, str], Many]
# Of the values of a period, or of a series.
Figure = Callable[[Sequence[float]], float]


def evaluate_expression(
    text: str,
    metrics: Mapping[str, Series],
    named: Mapping[str, Value] | None = None,
    search: Searcher | None = None,
    period: float = SHORTEST_PERIOD,
) -> Value:
    """`metrics`: what METRICS() gives, in the order of the queries; `named`: all that the expression may name, if more;
    `search`: what SEARCH asks; `period`: seconds from one value to the next.

    All series have one length. Raises AwsError(ValidationError) for what cannot be read or computed, NotImplementedHere
    for a function that is not there.
    """
    return _Calculator(metrics, metrics if named is None else named, search, period).value(parse(text))


def names_in(text: str) -> list[str]:
    """The ids that an expression names. Raises what evaluating it would raise, whatever the data."""
    names: list[str] = []
    _collect(parse(text), names)
    return names


def search_periods(text: str) -> list[int]:
    """Those that the searches of an expression give as their third argument, as was usual once."""
    thirds = [call.arguments[2] for call in _searches(parse(text)) if len(call.arguments) > 2]
    return [int(third.value) for third in thirds if isinstance(third, Number)]


def has_search(text: str) -> bool:
    return any(True for _ in _searches(parse(text)))


def _searches(node: Node) -> Iterator[Call]:
    if isinstance(node, Unary):
        yield from _searches(node.operand)
    elif isinstance(node, Binary):
        yield from _searches(node.left)
        yield from _searches(node.right)
    elif isinstance(node, Call):
        if node.name == "SEARCH":
            yield node
        for argument in node.arguments:
            yield from _searches(argument)


def _collect(node: Node, names: list[str]) -> None:
    if isinstance(node, Name):
        if node.name not in FILLERS and node.name not in ORDERS and node.name not in _FIGURES:
            names.append(node.name)
    elif isinstance(node, Unary):
        _collect(node.operand, names)
    elif isinstance(node, Binary):
        _collect(node.left, names)
        _collect(node.right, names)
    elif isinstance(node, Call):
        _function(node)
        for argument in node.arguments:
            _collect(argument, names)


def _divide(left: float, right: float) -> float:
    return left / right if right else math.nan


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except (OverflowError, ValueError):
        return math.nan


_OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "AND": lambda left, right: bool(left) and bool(right),
    "OR": lambda left, right: bool(left) or bool(right),
}


class _Calculator:
    """Works one expression out."""

    def __init__(
        self, metrics: Mapping[str, Series], named: Mapping[str, Value], search: Searcher | None, period: float
    ):
        self._metrics = metrics
        self._named = named
        self._search = search
        self._seconds = period

    def value(self, node: Node) -> Value:
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Name):
            return self._of_name(node.name)
        if isinstance(node, Unary):
            return apply(operator.neg, self.value(node.operand))
        if isinstance(node, Binary):
            return apply(_OPERATORS[node.operator], self.value(node.left), self.value(node.right))
        if isinstance(node, Call):
            if node.name in _OF_ONE:
                _exactly(1, node.arguments, f"{node.name} takes one argument; several series are METRICS() or [m1, m2]")
            return _function(node)(self, node.arguments)
        raise wrong(f"the text {node.value!r} cannot stand here")

    def _of_name(self, name: str) -> Value:
        if name not in self._named:
            raise wrong(f"it names {name}, but no query has that Id")
        return self._named[name]

    def metrics(self, arguments: Arguments) -> Value:
        """METRICS(), or METRICS("part of an id")."""
        part = arguments[0].value if arguments and isinstance(arguments[0], Text) else ""
        return Many(tuple(series for name, series in self._metrics.items() if part in name))

    def search(self, arguments: Arguments) -> Value:
        """SEARCH('expression', 'statistic'[, period])."""
        if self._search is None:
            raise wrong("an alarm cannot be based on SEARCH")
        match arguments:
            case (Text(value=wanted), Text(value=statistic)) | (Text(value=wanted), Text(value=statistic), Number()):
                return self._search(wanted, statistic)
        raise wrong("SEARCH takes a search expression and a statistic, each in quotation marks")

    def fill(self, arguments: Arguments) -> Value:
        """FILL(series, number | series | REPEAT | LINEAR)."""
        target, filler = _exactly(2, arguments, "FILL takes a series and what to fill it with")
        value = self.value(target)
        if isinstance(value, Many):
            return Many(tuple(self._filled(row, filler) for row in value.rows), value.labels)
        return self._filled(one_series(value), filler)

    def _filled(self, series: Series, filler: Node) -> Series:
        if isinstance(filler, Name) and filler.name in FILLERS:
            return FILLERS[filler.name](series)
        spare = column(self.value(filler), len(series))
        return [other if value is None else value for value, other in zip(series, spare, strict=True)]

    def choose(self, arguments: Arguments) -> Value:
        """IF(condition, true value[, false value]); without a false value there is no point where the condition fails."""
        if len(arguments) not in {2, 3}:
            raise wrong("IF takes two or three arguments")
        condition, *branches = (self.value(argument) for argument in arguments)
        if not isinstance(condition, list):
            if len(branches) == 2 and not isinstance(condition, Many):
                return branches[0] if condition else branches[1]
            raise wrong("IF wants a series for its condition, or a number and both values")
        length = len(condition)
        chosen = [column(branch, length) for branch in branches]
        if_true, if_false = chosen if len(chosen) == 2 else (chosen[0], [None] * length)
        rows = zip(condition, if_true, if_false, strict=True)
        return [None if test is None else (yes if test else no) for test, yes, no in rows]

    def reduce(self, function: Figure, arguments: Arguments) -> Value:
        """Of several series: the figure of each period. Of one series: the figure over all its periods."""
        value = self._only(arguments)
        if isinstance(value, Many):
            periods = [[item for item in items if item is not None] for items in zip(*value.rows, strict=True)]
            figures = [figure(function, present) if present else math.nan for present in periods]
            return [one if math.isfinite(one) else None for one in figures]
        if isinstance(value, list):
            return _figure(function, value)
        return value

    def gather(self, arguments: Arguments) -> Value:
        """[m1, m2], [METRICS("a"), METRICS("b")]"""
        values = [self.value(argument) for argument in arguments]
        return Many(tuple(row for one in values for row in (one.rows if isinstance(one, Many) else [one_series(one)])))

    def map(self, function: Callable[[float], float], arguments: Arguments) -> Value:
        return apply(function, self._only(arguments))

    def follow(self, function: Callable[[Series], Series], arguments: Arguments) -> Value:
        """Each value with those before it."""
        return each(function, self._only(arguments))

    def follow_time(self, function: Callable[[Series, float], Series], arguments: Arguments) -> Value:
        value = self._only(arguments)
        return each(lambda series: function(series, self._seconds), value)

    def period(self, arguments: Arguments) -> Value:
        one_series(self._only(arguments))
        return self._seconds

    def constant(self, arguments: Arguments) -> Value:
        """TIME_SERIES(number). Without a metric to say how long a series is the number stays one, and stands in every period."""
        value = self._only(arguments)
        if not isinstance(value, int | float):
            raise wrong("TIME_SERIES takes a number")
        lengths = [len(series) for series in self._metrics.values()]
        return column(value, lengths[0]) if lengths else value

    def count(self, arguments: Arguments) -> Value:
        return float(len(_several(self._only(arguments)).rows))

    def pick(self, position: int, arguments: Arguments) -> Value:
        """FIRST and LAST."""
        rows = _several(self._only(arguments)).rows
        if not rows:
            raise wrong("FIRST and LAST want a series at least")
        return rows[position]

    def occupied(self, arguments: Arguments) -> Value:
        """REMOVE_EMPTY"""
        many = _several(self._only(arguments))
        return picked(many, [at for at, row in enumerate(many.rows) if any(value is not None for value in row)])

    def sort(self, arguments: Arguments) -> Value:
        """SORT(several, AVG | MIN | MAX | SUM, ASC | DESC[, how many]); a series without a value comes last."""
        match arguments:
            case (several, Name(name=figure), Name(name=order), *limit) if (
                figure in _FIGURES and order in ORDERS and len(limit) < 2
            ):
                many = _several(self.value(several))
            case _:
                raise wrong("SORT takes several series, one of AVG, MIN, MAX, SUM, and ASC or DESC")
        figures = [_figure(_FIGURES[figure], row) for row in many.rows]
        sign = -1 if ORDERS[order] else 1
        ranked = sorted(range(len(figures)), key=lambda at: (math.isnan(figures[at]), sign * figures[at]))
        return picked(many, ranked[: self._whole(limit[0])] if limit else ranked)

    def slice(self, arguments: Arguments) -> Value:
        """SLICE(several, first[, behind the last])"""
        if len(arguments) not in {2, 3}:
            raise wrong("SLICE takes several series and one or two numbers")
        many = _several(self.value(arguments[0]))
        first, *behind = (self._whole(one) for one in arguments[1:])
        return picked(many, range(len(many.rows))[first : behind[0] if behind else None])

    def _whole(self, node: Node) -> int:
        value = self.value(node)
        if not isinstance(value, int | float) or not 0 <= value <= MOST_COUNTED or value != int(value):
            raise wrong("SORT and SLICE count with whole numbers")
        return int(value)

    def _only(self, arguments: Arguments) -> Value:
        (argument,) = arguments
        return self.value(argument)


def _several(value: Value) -> Many:
    if isinstance(value, Many):
        return value
    raise wrong("several series are wanted here, as METRICS() gives them")


def _figure(function: Figure, series: Series) -> float:
    present = [value for value in series if value is not None]
    return figure(function, present) if present else math.nan


def _exactly(count: int, arguments: Arguments, complaint: str) -> Arguments:
    if len(arguments) != count:
        raise wrong(complaint)
    return arguments


def _average(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: function(value) if value > 0 else math.nan


_FIGURES: Mapping[str, Figure] = {"SUM": math.fsum, "MAX": max, "MIN": min, "AVG": _average}

_FUNCTIONS: Mapping[str, Callable[[_Calculator, Arguments], Value]] = {
    "METRICS": _Calculator.metrics,
    "SEARCH": _Calculator.search,
    "FILL": _Calculator.fill,
    "IF": _Calculator.choose,
    "SUM": lambda calculator, arguments: calculator.reduce(math.fsum, arguments),
    "MAX": lambda calculator, arguments: calculator.reduce(max, arguments),
    "MIN": lambda calculator, arguments: calculator.reduce(min, arguments),
    "AVG": lambda calculator, arguments: calculator.reduce(_average, arguments),
    "DATAPOINT_COUNT": lambda calculator, arguments: calculator.reduce(len, arguments),
    "METRIC_COUNT": _Calculator.count,
    "ABS": lambda calculator, arguments: calculator.map(abs, arguments),
    "CEIL": lambda calculator, arguments: calculator.map(math.ceil, arguments),
    "FLOOR": lambda calculator, arguments: calculator.map(math.floor, arguments),
    "LOG": lambda calculator, arguments: calculator.map(_logarithm(math.log), arguments),
    "LOG10": lambda calculator, arguments: calculator.map(_logarithm(math.log10), arguments),
    "DIFF": lambda calculator, arguments: calculator.follow(differences, arguments),
    "DIFF_TIME": lambda calculator, arguments: calculator.follow_time(distances, arguments),
    "RATE": lambda calculator, arguments: calculator.follow_time(rates, arguments),
    "RUNNING_SUM": lambda calculator, arguments: calculator.follow(running_sum, arguments),
    "PERIOD": _Calculator.period,
    "TIME_SERIES": _Calculator.constant,
    "FIRST": lambda calculator, arguments: calculator.pick(0, arguments),
    "LAST": lambda calculator, arguments: calculator.pick(-1, arguments),
    "REMOVE_EMPTY": _Calculator.occupied,
    "SORT": _Calculator.sort,
    "SLICE": _Calculator.slice,
    "[": _Calculator.gather,
}


_OF_ONE = _FUNCTIONS.keys() - {"METRICS", "SEARCH", "FILL", "IF", "SORT", "SLICE", "["}


def _function(call: Call) -> Callable[[_Calculator, Arguments], Value]:
    if call.name not in _FUNCTIONS:
        known = ", ".join(name for name in _FUNCTIONS if name != "[")
        raise NotImplementedHere(f"metric math function {call.name}", f"it has {known}")
    return _FUNCTIONS[call.name]
