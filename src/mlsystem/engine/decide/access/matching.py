"""How a policy's words match a request's: `*` is any characters, `?` one; `${aws:key}` is the value of a condition key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]

VARIABLE = re.compile(r"\$\{(?P<key>[^,}]+)(?:,\s*'(?P<default>[^']*)')?\}")
# Characters that would be signs otherwise: `${*}`, `${?}`, `${$}`.
LITERALS = "*?$"
ARN_FIELDS = 6


def matches(pattern: str, text: str, context: Context, ignore_case: bool = False) -> bool:
    """Whether a pattern with `*`, `?` and variables is the whole text. A variable without a value matches nothing."""
    expression = _expression(pattern, _values(pattern, context))
    return expression is not None and re.compile(expression, _flags(ignore_case)).fullmatch(text) is not None


def arn_matches(pattern: str, arn: str, context: Context) -> bool:
    """As the operators ArnLike and ArnEquals do: each of the six fields by itself, so that `*` crosses no colon before the last."""
    wanted, given = pattern.split(":", ARN_FIELDS - 1), arn.split(":", ARN_FIELDS - 1)
    if len(wanted) != ARN_FIELDS or len(given) != ARN_FIELDS:
        return pattern == "*"
    return all(matches(field, value, context) for field, value in zip(wanted, given, strict=True))


def _values(pattern: str, context: Context) -> tuple[tuple[str, str | None], ...]:
    """The value of each variable in the pattern, in a form that can be remembered."""
    found = []
    for match in VARIABLE.finditer(pattern):
        values = context.get(match["key"].lower(), ())
        value = match["key"] if match["key"] in LITERALS else values[0] if len(values) == 1 else match["default"]
        found.append((match[0], value))
    return tuple(found)


@lru_cache(maxsize=4096)
def _expression(pattern: str, values: tuple[tuple[str, str | None], ...]) -> str | None:
    known = dict(values)
    if None in known.values():
        return None
    parts = []
    position = 0
    for match in VARIABLE.finditer(pattern):
        parts += [_wildcards(pattern[position : match.start()]), re.escape(str(known[match[0]]))]
        position = match.end()
    return "".join([*parts, _wildcards(pattern[position:])])


def _wildcards(text: str) -> str:
    return re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")


def _flags(ignore_case: bool) -> re.RegexFlag:
    return re.DOTALL | re.IGNORECASE if ignore_case else re.DOTALL
