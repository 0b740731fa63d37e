"""Reads the text of a metric math expression into a tree.

Precedence, from weak to strong: OR, AND, comparisons, + and -, * and /, ^, unary minus, calls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlsystem.engine.decide.errors import AwsError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<symbol>&&|\|\||>=|<=|==|!=|[-+*/^()<>,\[\]]))"
)
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"OR"}),
    frozenset({"AND"}),
    frozenset({">", "<", ">=", "<=", "==", "!="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/"}),
    frozenset({"^"}),
)
_SYNONYMS = {"&&": "AND", "||": "OR"}


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Unary:
    operand: Node


@dataclass(frozen=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Call:
    """A function, or `[` for a list."""

    name: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Unary | Binary | Call


def parse(text: str) -> Node:
    """Raises AwsError(ValidationError)."""
    reader = _Reader(text)
    node = reader.level(0)
    reader.end()
    return node


class TokenReader:
    """Reads tokens from the left; behind the last one there is an empty one."""

    def __init__(self, tokens: Sequence[str]):
        self._tokens = tokens
        self._position = 0

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._position += 1
        return token


class _Reader(TokenReader):
    """Of metric math."""

    def __init__(self, text: str):
        super().__init__(_tokens(text))
        self._text = text

    def level(self, number: int) -> Node:
        if number == len(_LEVELS):
            return self._unary()
        node = self.level(number + 1)
        while self._peek() in _LEVELS[number]:
            operator = self._take()
            node = Binary(operator, node, self.level(number + 1))
        return node

    def end(self) -> None:
        if self._peek():
            raise self._wrong(f"{self._peek()!r} was not expected")

    def _unary(self) -> Node:
        if self._peek() == "-":
            self._take()
            return Unary(self._unary())
        return self._primary()

    def _primary(self) -> Node:
        token = self._take()
        if token == "(":  # noqa: S105 - a bracket, not a password
            node = self.level(0)
            self._expect(")")
            return node
        if token == "[":  # noqa: S105
            return Call("[", self._arguments("]"))
        if token[:1] in {'"', "'"} and token:
            return Text(token[1:-1])
        if token[:1].isdigit() or token[:1] == ".":
            return Number(float(token))
        if not token[:1].isalpha() and token[:1] != "_":
            raise self._wrong(f"{token!r} was not expected" if token else "it ends too early")
        if self._peek() == "(":
            self._take()
            return Call(token, self._arguments(")"))
        return Name(token)

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        arguments: list[Node] = []
        while self._peek() != closing:
            if arguments:
                self._expect(",")
            arguments.append(self.level(0))
        self._take()
        return tuple(arguments)

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise self._wrong(f"{token!r} is missing")

    def _wrong(self, message: str) -> AwsError:
        return AwsError("ValidationError", f"Error in expression {self._text!r}: {message}.")


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise AwsError(
                "ValidationError", f"Error in expression {text!r}: cannot read {text[position:].strip()[0]!r}."
            )
        token = found.group().strip()
        tokens.append(_SYNONYMS.get(token, token))
        position = found.end()
    return tokens
