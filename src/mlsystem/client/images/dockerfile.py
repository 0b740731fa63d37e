"""Reads a Dockerfile: instructions with their line, arguments and flags.

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlsystem.client.images.errors import ImageError

KNOWN = ("FROM", "ARG", "ENV", "COPY", "ADD", "RUN", "WORKDIR", "USER", "LABEL", "SHELL", "ENTRYPOINT", "CMD")
# They say what Docker is to do with a container, which SageMaker does not heed either.
SAYING = ("EXPOSE", "VOLUME", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER")
VARIABLE = re.compile(r"\\(?P<escaped>.)|\$(?:\{(?P<braced>\w+)(?::(?P<mode>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")
# Flags by instruction. Everything belongs to one user and there is one platform; a cache that is mounted is an empty folder.
FLAGS = {
    "COPY": {"chmod", "chown", "from", "link"},
    "ADD": {"chmod", "chown", "link"},
    "FROM": {"platform"},
    "RUN": {"mount", "network"},
}
# Another character than the backslash, at the end of a line that goes on; it stands above everything else.
_ESCAPE = re.compile(r"#\s*escape\s*=\s*[^\\\s]\s*", re.IGNORECASE)
_PIECE = re.compile(
    r"""(?P<space>\s+)|'(?P<raw>[^']*)'|"(?P<quoted>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)"""
    r"""|(?P<variable>\$(?:\{[^}]*\}|\w+))|(?P<open>['"])|(?P<plain>.)""",
    re.DOTALL,
)
FLAG = re.compile(r"--(?P<name>[a-z-]+)(?:=(?P<value>\S+))?\s+")


@dataclass(frozen=True)
class Instruction:
    """`text` is everything behind the flags, with line continuations joined."""

    name: str
    text: str
    flags: Mapping[str, str]
    line: int

    @property
    def place(self) -> str:
        return f"line {self.line}: {self.name} {self.text}".strip()

    def exec_form(self) -> tuple[str, ...] | None:
        """The words of `["a", "b"]`, None for the shell form."""
        if not self.text.startswith("["):
            return None
        try:
            words = json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise ImageError(f"{self.place}: this is not a JSON list of words") from error
        return tuple(str(word) for word in words)


def parse(text: str) -> list[Instruction]:
    """Raises ImageError for an instruction that is not implemented, naming it and its line."""
    instructions = []
    for line, content in _logical_lines(text):
        name, *words = content.split(maxsplit=1)
        name = name.upper()
        if name not in (*KNOWN, *SAYING):
            raise ImageError(
                f"line {line}: the instruction {name} is not implemented here; these are: {', '.join((*KNOWN, *SAYING))}"
            )
        given, rest = _flags(words[0] if words else "")
        for flag, value in given:
            if flag not in FLAGS.get(name, set()):
                raise ImageError(f"line {line}: {name} --{flag} is not implemented here")
            if flag == "mount" and not value.startswith("type=cache"):
                raise ImageError(f"line {line}: RUN --mount={value} is not implemented here; type=cache is")
        if "<<" in rest and name in ("RUN", "COPY", "ADD"):
            raise ImageError(f"line {line}: here-documents are not implemented here")
        instructions.append(Instruction(name, rest, dict(given), line))
    if not any(instruction.name == "FROM" for instruction in instructions):
        raise ImageError("the Dockerfile has no FROM")
    return instructions


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined with the next."""
    held, begun = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not begun and not held and number == 1 and _ESCAPE.fullmatch(line):
            raise ImageError(f"line {number}: the directive {line} is not implemented here")
        if not line or line.startswith("#"):
            continue
        begun = begun or number
        if line.endswith("\\"):
            held += line[:-1].rstrip() + " "
            continue
        yield begun, held + line
        held, begun = "", 0
    if rest := held.strip():
        yield begun, rest


def _flags(text: str) -> tuple[list[tuple[str, str]], str]:
    flags = []
    while match := FLAG.match(text):
        flags.append((match["name"], match["value"] or ""))
        text = text[match.end() :]
    return flags, text


def split(text: str, variables: Mapping[str, str]) -> list[str]:
    """The words of a line, without their quotes and with their variables: a value is never taken apart.

    Raises ValueError for a quote that does not end.
    """
    words: list[str] = []
    is_begun = False
    for match in _PIECE.finditer(text):
        if match["open"]:
            raise ValueError(f"the quotation mark {match['open']} has no other one")
        if match["space"]:
            is_begun = False
            continue
        if match["quoted"] is not None:
            piece = substitute(match["quoted"], variables, escapes='"\\$')
        elif match["variable"]:
            piece = substitute(match["variable"], variables)
        else:
            piece = next(part for part in match.group("raw", "escaped", "plain") if part is not None)
        if is_begun:
            words[-1] += piece
        else:
            words.append(piece)
        is_begun = True
    return words


def substitute(text: str, variables: Mapping[str, str], escapes: str = "$") -> str:
    """`$name`, `${name}`, `${name:-default}` and `${name:+instead}`, as Docker replaces them; a backslash goes before `escapes`."""

    def replace(match: re.Match[str]) -> str:
        if match["escaped"] is not None:
            return match["escaped"] if match["escaped"] in escapes else match[0]
        value = variables.get(match["braced"] or match["plain"], "")
        if match["mode"] == "-":
            return value or match["word"]
        if match["mode"] == "+":
            return match["word"] if value else ""
        return value

    return VARIABLE.sub(replace, text)
