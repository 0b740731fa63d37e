"""Selectors of Prometheus' queries, and which samples they choose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser
from promql_parser import MatchOp

NAME = "__name__"


@dataclass(frozen=True)
class Selector:
    """`matchers`: label, whether it must match, and the whole value as a regular expression."""

    matchers: tuple[tuple[str, bool, str], ...]

    def chooses(self, name: str, labels: Mapping[str, str]) -> bool:
        known = {**labels, NAME: name}
        return all(
            bool(re.fullmatch(pattern, known.get(label, ""))) == wanted for label, wanted, pattern in self.matchers
        )


def selectors(query: str) -> list[Selector]:
    """Raises ValueError for what is no PromQL."""
    return [_selector(one) for one in _vectors(promql_parser.parse(query))]


def _vectors(expression: Any) -> Iterator[promql_parser.VectorSelector]:
    match expression:
        case promql_parser.VectorSelector():
            yield expression
        case promql_parser.BinaryExpr():
            yield from (*_vectors(expression.lhs), *_vectors(expression.rhs))
        case promql_parser.NumberLiteral():
            return
        case _:
            raise AssertionError(f"{expression} is not looked into here")


def _selector(vector: promql_parser.VectorSelector) -> Selector:
    found = [(NAME, True, re.escape(vector.name))] if vector.name else []
    for one in vector.matchers.matchers:
        is_exact = one.op in (MatchOp.Equal, MatchOp.NotEqual)
        is_wanted = one.op in (MatchOp.Equal, MatchOp.Re)
        found.append((one.name, is_wanted, re.escape(one.value) if is_exact else one.value))
    return Selector(tuple(found))
