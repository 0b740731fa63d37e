r"""Paths as written: `$.store.book[0]`, `$$.Execution.Id`, `$variable.field`, `$..price`, `$.books[?(@.price < 10)]`.

The syntax is Jayway JsonPath's (https://states-language.net/spec.html#path). A path of names and single indices is
*definite*: it means one value or nothing. Everything else (wildcards, slices, unions, filters, descents) is
indefinite: it means a list of what matches. Names may hold any character if it is escaped: `$.foo\.bar`. This module
cuts a path into steps; `paths` applies it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

# A name, an index, or several names of one object (`$['a','b']`).
Step = str | int | tuple[str, ...]

ROOT = "$"
CONTEXT = "$$"

_HEAD = re.compile(r"\$\$|\$(?P<variable>[^\W\d]\w*)?")
_NAME = re.compile(r"(?:\\.|[^\\.\[\]()\s'\"])+", re.DOTALL)
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_INDEX = re.compile(r"-?\d+")
_INDICES = re.compile(r"-?\d+(\s*,\s*-?\d+)+")
_SLICE = re.compile(r"(-?\d+)?\s*:\s*(-?\d+)?(\s*:\s*(-?\d+)?)?")


class PathSyntaxError(ValueError):
    """A text that is no path; the message says why."""


@dataclass(frozen=True)
class Path:
    """A path that was understood.

    `root` is `$`, `$$` or a variable's name. `steps` are those of a definite path; `query` is the rest of an
    indefinite one, in the notation that a JSONPath library reads, with `$` before it.
    """

    text: str
    root: str
    steps: tuple[Step, ...]
    query: str | None

    @property
    def variable(self) -> str | None:
        return None if self.root in (ROOT, CONTEXT) else self.root

    @property
    def is_reference(self) -> bool:
        """Whether it can only mean a single node (https://states-language.net/spec.html#ref-paths)."""
        return self.query is None and not any(isinstance(step, tuple) for step in self.steps)


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """Raises PathSyntaxError."""
    head = _HEAD.match(text)
    if head is None:
        raise PathSyntaxError(f"the path '{text}' does not begin with '$'")
    steps, written = _cut(text, head.end())
    root = head.group("variable") or head.group()
    if any(step is None for step in steps):
        return Path(text, root, (), ROOT + "".join(written))
    return Path(text, root, tuple(step for step in steps if step is not None), None)


def parse_reference_path(text: str) -> Path:
    """A path that means one node. Raises PathSyntaxError."""
    path = parse_path(text)
    if not path.is_reference:
        raise PathSyntaxError(f"the path '{text}' is no Reference Path: it can mean more than one node")
    return path


def _cut(text: str, at: int) -> tuple[list[Step | None], list[str]]:
    """The steps (None for an indefinite one) and each in library notation."""
    steps: list[Step | None] = []
    written: list[str] = []
    while at < len(text):
        # Jayway reads `.[` like `[`.
        at += text.startswith(".[", at)
        if text[at] == "[":
            end = _closing(text, at)
            step, notation = _bracket(text[at + 1 : end].strip(), text)
            at = end + 1
        else:
            step, notation, at = _dotted(text, at)
        steps.append(step)
        written.append(notation)
    return steps, written


def _dotted(text: str, at: int) -> tuple[Step | None, str, int]:
    """`.name`, `.*`, `..name`, `..*` or the `..` before a bracket."""
    if text[at] != ".":
        raise PathSyntaxError(f"the path '{text}' has no '.' or '[' before '{text[at:]}'")
    descends = text.startswith("..", at)
    at += 2 if descends else 1
    if descends and text.startswith("[", at):
        return None, "..", at
    if text.startswith("*", at):
        return None, "..*" if descends else "[*]", at + 1
    name = _NAME.match(text, at)
    if name is None:
        raise PathSyntaxError(f"the path '{text}' lacks a name after '{text[:at]}'")
    if text.startswith("(", name.end()):
        raise PathSyntaxError(f"the path '{text}' calls a function, which Step Functions does not do")
    plain = re.sub(r"\\(.)", r"\1", name.group(), flags=re.DOTALL)
    notation = f"[{json.dumps(plain)}]"
    return (None, ".." + notation, name.end()) if descends else (plain, notation, name.end())


def _bracket(inside: str, text: str) -> tuple[Step | None, str]:
    names = _names(inside)
    if names:
        notation = f"[{', '.join(map(json.dumps, names))}]"
        return (names[0] if len(names) == 1 else tuple(names)), notation
    if _INDEX.fullmatch(inside):
        return int(inside), f"[{inside}]"
    if inside == "*" or _INDICES.fullmatch(inside) or _SLICE.fullmatch(inside) or inside.startswith("?"):
        return None, f"[{inside}]"
    raise PathSyntaxError(f"the path '{text}' has '[{inside}]', which is no name, index, slice, union or filter")


def _names(inside: str) -> list[str]:
    """The names in `'a','b'`, or none if there is anything else.

    A backslash in quotes stays what it is, except before the quote itself or another backslash.
    """
    found = []
    at = 0
    while quoted := _QUOTED.match(inside, at):
        quote = quoted.group()[0]
        found.append(re.sub(rf"\\([\\{quote}])", r"\1", quoted.group()[1:-1]))
        rest = re.compile(r"\s*,\s*").match(inside, quoted.end())
        at = rest.end() if rest else quoted.end()
        if rest is None:
            break
    return found if found and at == len(inside) else []


def _closing(text: str, at: int) -> int:
    """Where the bracket that opens at `at` closes."""
    depth = 0
    while at < len(text):
        if quoted := _QUOTED.match(text, at):
            at = quoted.end()
            continue
        depth += (text[at] == "[") - (text[at] == "]")
        if depth == 0:
            return at
        at += 1
    raise PathSyntaxError(f"the path '{text}' has a '[' that is not closed")
