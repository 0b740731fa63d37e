"""Metrics that a program prints: numbers that regular expressions find in the lines of its log. Pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metric-regex.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping


def measures(definitions: Mapping[str, str], lines: Iterable[str]) -> Iterator[tuple[str, float]]:
    """(metric, value) of each match, line by line; `definitions` are regular expressions by the metric's name.

    Of an expression with several groups the first that found a number counts.
    """
    patterns = [(name, re.compile(expression)) for name, expression in definitions.items()]
    for line in lines:
        for name, pattern in patterns:
            for match in pattern.finditer(line):
                value = next(filter(_is_number, match.groups() or (match[0],)), None)
                if value is not None:
                    yield name, float(value)


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True
