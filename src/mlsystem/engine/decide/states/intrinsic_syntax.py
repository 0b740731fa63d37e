r"""Intrinsic functions as written: `States.Format('Hello {}', $.name)`.

https://states-language.net/spec.html#intrinsic-functions. Arguments are strings in apostrophes, numbers, true, false,
null, paths and further calls. In a string `\'`, `\{`, `\}` and `\\` stand for themselves; any other backslash is
refused, as AWS does. A field holds at most ten calls inside each other
(https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mlsystem.engine.decide.states.path_syntax import Path
from mlsystem.engine.decide.states.paths import check_path

DEEPEST = 10

_NAME = re.compile(r"[A-Za-z0-9._]+")
_STRING = re.compile(r"'((?:\\[\\'{}]|[^'\\])*)'", re.DOTALL)
_CONSTANT = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false|null")
_BLANK = re.compile(r"\s*")
_PATH_PIECE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[\[\]()]|[^'"\[\](),\s]+|[,\s]""", re.DOTALL)


class IntrinsicSyntaxError(ValueError):
    """A text that is no call of an intrinsic function; the message says why."""


@dataclass(frozen=True)
class Text:
    """A string, with its escapes: States.Format must tell `{}` from `\\{\\}`."""

    raw: str

    @property
    def plain(self) -> str:
        return re.sub(r"\\(.)", r"\1", self.raw, flags=re.DOTALL)


@dataclass(frozen=True)
class Constant:
    """A number, true, false or null."""

    value: Any


@dataclass(frozen=True)
class Call:
    """A call of the function `name`."""

    name: str
    arguments: tuple[Text | Constant | Path | Call, ...]


@lru_cache(maxsize=4096)
def parse_intrinsic(text: str) -> Call:
    """Raises IntrinsicSyntaxError and PathSyntaxError."""
    call, end = _call(text, _skip(text, 0), 1)
    if _skip(text, end) != len(text):
        raise IntrinsicSyntaxError(f"'{text}' goes on after its call: '{text[end:]}'")
    return call


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _call(text: str, at: int, depth: int) -> tuple[Call, int]:
    name = _NAME.match(text, at)
    if name is None or not text.startswith("(", name.end()):
        raise IntrinsicSyntaxError(f"'{text[at:]}' is no call of an intrinsic function")
    if depth > DEEPEST:
        raise IntrinsicSyntaxError(f"'{text}' has more than {DEEPEST} calls inside each other")
    at = _skip(text, name.end() + 1)
    arguments: list[Text | Constant | Path | Call] = []
    while not text.startswith(")", at):
        argument, at = _argument(text, at, depth)
        arguments.append(argument)
        at = _skip(text, at)
        if text.startswith(",", at):
            at = _skip(text, at + 1)
            if text.startswith(")", at):
                raise IntrinsicSyntaxError(f"'{text}' lacks an argument after ','")
        elif not text.startswith(")", at):
            raise IntrinsicSyntaxError(f"'{text}' lacks ',' or ')' before '{text[at:]}'")
    return Call(name.group(), tuple(arguments)), at + 1


def _argument(text: str, at: int, depth: int) -> tuple[Text | Constant | Path | Call, int]:
    if string := _STRING.match(text, at):
        return Text(string.group(1)), string.end()
    if text.startswith("$", at):
        end = _path_end(text, at)
        return check_path(text[at:end]), end
    constant = _CONSTANT.match(text, at)
    if constant and not _NAME.match(text, constant.end()):
        return Constant(json.loads(constant.group())), constant.end()
    return _call(text, at, depth + 1)


def _path_end(text: str, at: int) -> int:
    """Where a path among arguments ends: at a comma, a blank or a parenthesis outside its own brackets and quotes."""
    depth = 0
    while piece := _PATH_PIECE.match(text, at):
        if piece.group() in ("[", "("):
            depth += 1
        elif depth == 0 and (piece.group() in (")", ",") or piece.group().isspace()):
            return at
        elif piece.group() in ("]", ")"):
            depth -= 1
        at = piece.end()
    return at
