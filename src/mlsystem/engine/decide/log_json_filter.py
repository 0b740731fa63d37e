"""Filter patterns of CloudWatch Logs over JSON messages: `{ ($.status >= 500 || $.error IS TRUE) && $.path = "/api/*" }`. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.wildcards import starred

TOKEN = re.compile(
    r"""\s*(?:(?P<mark>&&|\|\||[()])|(?P<selector>\$(?:\.[A-Za-z0-9_\-]+|\.?\["[^"]+"\]|\[\d+\])+)|(?P<operator>!=|>=|<=|=|>|<)
    |(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[^\s()=<>!&|"]+))""",
    re.VERBOSE,
)
STEP = re.compile(r"""\.(?P<name>[A-Za-z0-9_\-]+)|\.?\["(?P<quoted>[^"]+)"\]|\[(?P<index>\d+)\]""")
ORDERINGS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda mine, other: mine == other,
    "!=": lambda mine, other: mine != other,
    ">": lambda mine, other: mine > other,
    ">=": lambda mine, other: mine >= other,
    "<": lambda mine, other: mine < other,
    "<=": lambda mine, other: mine <= other,
}
MISSING = object()
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class JsonFilter:
    """A parsed pattern."""

    test: Test

    def matches(self, message: str) -> bool:
        document = parsed(message)
        return document is not MISSING and self.test(document)


def parsed(message: str) -> Any:
    """The object that a message is; MISSING where it is none."""
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return MISSING
    return document if isinstance(document, dict) else MISSING


def select(selector: str, document: Any) -> Any:
    """What stands at `$.a.b[0]`, or MISSING."""
    found = document
    for step in STEP.finditer(selector.removeprefix("$")):
        if step["index"] is not None:
            place = int(step["index"])
            found = found[place] if isinstance(found, list) and place < len(found) else MISSING
        else:
            found = found.get(step["name"] or step["quoted"], MISSING) if isinstance(found, dict) else MISSING
    return found


def parse_json_filter(pattern: str) -> JsonFilter:
    """`{ ... }`. Raises AwsError(InvalidParameterException)."""
    text = pattern.strip()
    if not text.endswith("}"):
        raise invalid(pattern)
    return JsonFilter(_Parser(pattern, text[1:-1]).whole())


def invalid(pattern: str) -> AwsError:
    return AwsError("InvalidParameterException", f"Invalid metric filter pattern: {pattern}")


class _Parser:
    """Or binds least, then and, then parentheses."""

    def __init__(self, pattern: str, text: str):
        self._pattern = pattern
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            match = TOKEN.match(text, position)
            if match is None:
                raise invalid(pattern)
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            position = match.end()

    def whole(self) -> Test:
        found = self._either()
        if self._tokens:
            raise invalid(self._pattern)
        return found

    def _either(self) -> Test:
        tests = [self._both()]
        while self._takes("||"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._takes("&&"):
            tests.append(self._single())
        return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)

    def _single(self) -> Test:
        if self._takes("("):
            inner = self._either()
            if not self._takes(")"):
                raise invalid(self._pattern)
            return inner
        selector = self._take("selector")
        kind, token = self._next()
        match kind, token.upper():
            case "operator", _:
                return self._compared(selector, token)
            case "word", "IS":
                return _is(selector, self._one_of("TRUE", "FALSE", "NULL"))
            case "word", "NOT":
                self._one_of("EXISTS")
                return lambda document: select(selector, document) is MISSING
        raise invalid(self._pattern)

    def _compared(self, selector: str, operator: str) -> Test:
        kind, token = self._next()
        if kind not in ("text", "word"):
            raise invalid(self._pattern)
        if token.startswith("%"):
            raise NotImplementedHere(f"the regular expression {token} in a filter pattern", "values with * are")
        number = _number(token) if kind == "word" else None
        if number is not None:
            return lambda document: _compare(operator, select(selector, document), number)
        if operator not in ("=", "!="):
            raise invalid(self._pattern)
        wanted = _text(token, self._pattern) if kind == "text" else token
        expression = re.compile(starred(wanted), re.DOTALL)
        return lambda document: _like(expression, select(selector, document)) is (operator == "=")

    def _takes(self, mark: str) -> bool:
        if self._tokens and self._tokens[0] == ("mark", mark):
            self._tokens.pop(0)
            return True
        return False

    def _one_of(self, *words: str) -> str:
        word = self._take("word").upper()
        if word not in words:
            raise invalid(self._pattern)
        return word

    def _take(self, wanted: str) -> str:
        kind, token = self._next()
        if kind != wanted:
            raise invalid(self._pattern)
        return token

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise invalid(self._pattern)
        return self._tokens.pop(0)


def _is(selector: str, word: str) -> Test:
    wanted = {"TRUE": True, "FALSE": False, "NULL": None}[word]
    return lambda document: select(selector, document) is wanted


def _compare(operator: str, found: Any, number: float) -> bool:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return ORDERINGS[operator](float(found), number)


def _like(expression: re.Pattern[str], found: Any) -> bool | None:
    """None, which is neither, where there is no text or number."""
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    return expression.fullmatch(str(found)) is not None


def _text(token: str, pattern: str) -> str:
    """What is in quotation marks. Raises AwsError."""
    try:
        return str(json.loads(token, strict=False))
    except ValueError as error:
        raise invalid(pattern) from error


def _number(token: str) -> float | None:
    try:
        return float(token)
    except ValueError:
        return None
