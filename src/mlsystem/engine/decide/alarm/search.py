"""Search expressions: which metrics the first argument of SEARCH means. Pure.

`{Namespace,Dimension,...} terms`: metrics with just these dimensions, that the terms match. A term alone matches by whole
words of a name or value, in any case; in double quotes it must be equal to one. `MetricName=`, `Namespace=` and a
dimension's name before a term say where it has to be. AND, which may be left out, OR, NOT and brackets combine terms.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from mlsystem.engine.decide.alarm.grammar import TokenReader
from mlsystem.engine.decide.errors import AwsError

MOST_METRICS = 500
# Groups of letters of one case, a capital before small ones, or digits.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_TOKEN = re.compile(r"\s*(?:(?P<quoted>\"[^\"]*\")|(?P<symbol>[(){},=])|(?P<plain>[^\s(){},=\"]+))")
_WORDS = {"AND", "OR", "NOT"}


@dataclass(frozen=True)
class Candidate:
    """A metric that may be meant."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    def part(self, designator: str) -> list[str]:
        """What a designator names; nothing where the metric has no such dimension."""
        if designator == "MetricName":
            return [self.name]
        if designator == "Namespace":
            return [self.namespace]
        return [value for name, value in self.dimensions if name == designator]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return (self.namespace, self.name, *(text for pair in self.dimensions for text in pair))


Test = Callable[[Candidate], bool]


@dataclass(frozen=True)
class Search:
    """`namespace` None: any; `dimensions` None: any."""

    namespace: str | None
    dimensions: frozenset[str] | None
    terms: Test

    def finds(self, candidate: Candidate) -> bool:
        if self.namespace is not None and candidate.namespace != self.namespace:
            return False
        if self.dimensions is not None and {name for name, _ in candidate.dimensions} != self.dimensions:
            return False
        return self.terms(candidate)


def read_search(text: str) -> Search:
    """Raises AwsError(ValidationError)."""
    return _Reader(text).search()


def labels(found: Sequence[Candidate]) -> list[str]:
    """What tells them apart: values of dimensions, then the metric's name, as far as they differ; of one, its name."""
    names = sorted({name for one in found for name, _ in one.dimensions})
    values = {name: {dict(one.dimensions).get(name, "") for one in found} for name in names}
    differing = [name for name in names if len(values[name]) > 1]
    has_names = len({one.name for one in found}) > 1 or not differing
    return [
        " ".join([*(dict(one.dimensions).get(name, "") for name in differing), *([one.name] if has_names else [])])
        for one in found
    ]


class _Reader(TokenReader):
    """Of search expressions."""

    def __init__(self, text: str):
        self._text = text
        super().__init__(list(self._read()))

    def search(self) -> Search:
        namespace, dimensions = self._schema() if self._peek() == "{" else (None, None)
        if namespace is not None and self._peek() == ",":  # AWS's own examples have it, and others do not
            self._take()
        if not self._peek() and namespace is None:
            self._refuse("it has neither a schema nor a term")
        terms = self._either() if self._peek() else _anything
        if self._peek():
            self._refuse(f"{self._peek()!r} was not expected")
        return Search(namespace, dimensions, terms)

    def _schema(self) -> tuple[str, frozenset[str] | None]:
        self._take()
        names = [_unquoted(self._take())]
        while self._peek() == ",":
            self._take()
            names.append(_unquoted(self._take()))
        if self._take() != "}":
            self._refuse("the schema's closing bracket is missing")
        namespace, *dimensions = names
        return namespace, frozenset(dimensions) if dimensions else None

    def _either(self) -> Test:
        tests = [self._all()]
        while self._peek() == "OR":
            self._take()
            tests.append(self._all())
        return lambda candidate: any(test(candidate) for test in tests)

    def _all(self) -> Test:
        tests = [self._term()]
        while self._peek() and self._peek() not in {"OR", ")"}:
            if self._peek() == "AND":
                self._take()
            tests.append(self._term())
        return lambda candidate: all(test(candidate) for test in tests)

    def _term(self, designator: str | None = None) -> Test:
        token = self._take()
        if token == "NOT":  # noqa: S105 - a word of the language, not a password
            negated = self._term(designator)
            return lambda candidate: not negated(candidate)
        if token == "(":  # noqa: S105
            test = self._designated(designator) if designator else self._either()
            if self._take() != ")":
                self._refuse("a closing bracket is missing")
            return test
        if not token or token in {")", "{", "}", ",", "=", *_WORDS}:
            self._refuse(f"{token!r} was not expected" if token else "it ends too early")
        if self._peek() == "=" and designator is None:
            self._take()
            return self._term(_unquoted(token))
        return _matches(token, designator)

    def _designated(self, designator: str) -> Test:
        """`MetricName=("CPUUtilization" OR Network)`"""
        tests = [self._term(designator)]
        while self._peek() == "OR":
            self._take()
            tests.append(self._term(designator))
        return lambda candidate: any(test(candidate) for test in tests)

    def _read(self) -> Iterator[str]:
        position = 0
        while self._text[position:].strip():
            found = _TOKEN.match(self._text, position)
            if found is None:
                self._refuse(f"cannot read {self._text[position:].strip()[0]!r}")
            yield found.group().strip()
            position = found.end()

    def _refuse(self, message: str) -> NoReturn:
        raise AwsError("ValidationError", f"Error in search expression {self._text!r}: {message}.")


def _anything(_: Candidate) -> bool:
    return True


def _matches(token: str, designator: str | None) -> Test:
    def texts(candidate: Candidate) -> Sequence[str]:
        return candidate.texts if designator is None else candidate.part(designator)

    if token.startswith('"'):
        wanted = _unquoted(token)
        return lambda candidate: wanted in texts(candidate)
    words = _words(token)
    return lambda candidate: any(_contains(_words(text), words) for text in texts(candidate))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _contains(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whole words, one after the other; where capitals part them does not matter."""
    joined = "".join(wanted)
    return any(
        joined == "".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)
    )


def _unquoted(token: str) -> str:
    return token.strip('"')
