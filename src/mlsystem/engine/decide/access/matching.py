"""How a policy's words match a request's: `*` is any characters, `?` one; `${aws:key}` is the value of a condition key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from mlsystem.engine.decide.wildcards import anything_between

Context = Mapping[str, tuple[str, ...]]

VARIABLE = re.compile(r"\$\{(?P<key>[^,}]+)(?:,\s*'(?P<default>[^']*)')?\}")
# Characters that would be signs otherwise: `${*}`, `${?}`, `${$}`.
LITERALS = "*?$"
ARN_FIELDS = 6


def matches(pattern: str, text: str, context: Context, ignore_case: bool = False) -> bool:
    """Whether a pattern with `*`, `?` and variables is the whole text. A variable without a value matches nothing."""
    values = _values(pattern, context) if "${" in pattern else ()
    expression = _expression(pattern, values, ignore_case)
    return expression is not None and expression.fullmatch(text) is not None


def rests(pattern: str, beginning: str) -> tuple[str, ...]:
    """The patterns of what follows `beginning` in the texts that match a pattern without variables; none where none begins so."""
    states = {0}
    for character in beginning:
        states = {after for state in _without_text(pattern, states) for after in _step(pattern, state, character)}
    return tuple(pattern[state:] for state in sorted(states))


def _without_text(pattern: str, states: set[int]) -> set[int]:
    """Where a reader may be who takes `*` for nothing."""
    return {at for state in states for at in range(state, state + _stars(pattern[state:]) + 1)}


def _stars(pattern: str) -> int:
    """How many `*` a pattern begins with."""
    return len(pattern) - len(pattern.lstrip("*"))


def _step(pattern: str, state: int, character: str) -> tuple[int, ...]:
    sign = pattern[state : state + 1]
    if sign == "*":
        return (state,)
    return (state + 1,) if sign and sign in ("?", character) else ()


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


@lru_cache(maxsize=8192)
def _expression(pattern: str, values: tuple[tuple[str, str | None], ...], ignore_case: bool) -> re.Pattern[str] | None:
    known = dict(values)
    if None in known.values():
        return None
    pieces = [""]
    position = 0
    for match in VARIABLE.finditer(pattern):
        _add(pieces, pattern[position : match.start()])
        pieces[-1] += re.escape(str(known[match[0]]))
        position = match.end()
    _add(pieces, pattern[position:])
    flags = re.DOTALL | re.IGNORECASE if ignore_case else re.DOTALL
    return re.compile(anything_between(pieces), flags)


def _add(pieces: list[str], text: str) -> None:
    """Behind the last piece; each `*` begins another one."""
    first, *others = (re.escape(piece).replace(r"\?", ".") for piece in text.split("*"))
    pieces[-1] += first
    pieces += others
