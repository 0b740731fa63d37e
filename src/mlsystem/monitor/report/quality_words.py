"""The violations that are no drift, in plain words; what cannot be put so is told as constraint_violations.json has it."""

import re
from collections.abc import Callable, Mapping

from mlsystem.monitor import texts
from mlsystem.monitor.document import Node
from mlsystem.monitor.report.element import Child, foreign
from mlsystem.monitor.report.numerals import percent
from mlsystem.monitor.violations import Violation

_MISMATCH = re.compile(r"Expected data type: (?P<type>\w+), .*Only (?P<percent>[\d.E-]+)% of data")
_SHARE = re.compile(r"Value: (?P<share>[\d.E-]+) ")
_COLUMNS = re.compile(r"columns in current dataset: (?P<names>.*)\. Number of columns", re.DOTALL)
_KINDS = {"Integral": "whole numbers", "Fractional": "numbers", "Boolean": "true or false", "String": "text"}


def parse_violations(document: object) -> tuple[Violation, ...]:
    """The violations that a constraint_violations.json holds. Raises DocumentError."""
    keys = ("feature_name", "constraint_check_type", "description")
    return tuple(Violation(*(node[key].text() for key in keys)) for node in Node(document)["violations"].items())


def in_words(violation: Violation) -> list[Child]:
    """One violation as a sentence without its feature."""
    if violation.check_type in _SENTENCES:
        pattern, say = _SENTENCES[violation.check_type]
        if match := pattern.search(violation.description):
            return say(match)
    return [foreign(violation.description.strip(), 300)]


def _mismatch(match: re.Match[str]) -> list[Child]:
    kind = _KINDS.get(match["type"], match["type"])
    return [
        f"Not everything is {kind}, as the baseline says: only {percent(float(match['percent']) / 100.0)} of the values are."
    ]


def _incomplete(match: re.Match[str]) -> list[Child]:
    missing = 1.0 - float(match["share"])
    return [f"Of the rows {percent(missing)} have no value here, which is more than the baseline allows."]


def _unknown_values(match: re.Match[str]) -> list[Child]:
    unknown = 1.0 - float(match["share"])
    return [f"Of the values {percent(unknown)} are none of those that the baseline lists."]


def _missing(match: re.Match[str]) -> list[Child]:
    return ["Columns of the baseline that are not in the data: ", foreign(match["names"], 300), "."]


def _extra(match: re.Match[str]) -> list[Child]:
    return ["Columns in the data that the baseline does not know: ", foreign(match["names"], 300), "."]


_Say = Callable[[re.Match[str]], list[Child]]
_SENTENCES: Mapping[str, tuple[re.Pattern[str], _Say]] = {
    texts.DATA_TYPE_CHECK: (_MISMATCH, _mismatch),
    texts.COMPLETENESS_CHECK: (_SHARE, _incomplete),
    texts.CATEGORICAL_VALUES_CHECK: (_SHARE, _unknown_values),
    texts.MISSING_COLUMN_CHECK: (_COLUMNS, _missing),
    texts.EXTRA_COLUMN_CHECK: (_COLUMNS, _extra),
}
