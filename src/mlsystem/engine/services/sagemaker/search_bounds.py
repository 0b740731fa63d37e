"""What the results of a Search can be at most, told by its expression: so that not everything there is must be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def required(expression: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """The values of which a property must have one. None: it may have any."""
    if "NestedFilters" in expression:
        return None
    bounds = [_equal(one, name) for one in expression.get("Filters", ())]
    bounds += [required(one, name) for one in expression.get("SubExpressions", ())]
    known = [bound for bound in bounds if bound is not None]
    if expression.get("Operator") != "Or":  # each bound holds, so any one of them does
        return min(known, key=len, default=None)
    return frozenset().union(*known) if known and len(known) == len(bounds) else None


def only(expression: Mapping[str, Any], name: str) -> str | None:
    """The value of a property, where nothing else is asked for."""
    if expression.keys() - {"Filters", "Operator"} or len(expression.get("Filters", ())) != 1:
        return None
    bound = required(expression, name)
    return next(iter(bound)) if bound else None


def _equal(one: Mapping[str, Any], name: str) -> frozenset[str] | None:
    if one["Name"] != name or one.get("Operator", "Equals") != "Equals":
        return None
    return frozenset({str(one.get("Value", ""))})
