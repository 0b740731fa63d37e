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
        except ValueError as error:
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
        flags, rest = _flags(words[0] if words else "")
        unknown = sorted(set(flags) - FLAGS.get(name, set()))
        if unknown:
            raise ImageError(f"line {line}: {name} --{unknown[0]} is not implemented here")
        if name == "RUN" and not flags.get("mount", "type=cache").startswith("type=cache"):
            raise ImageError(f"line {line}: RUN --mount={flags['mount']} is not implemented here; type=cache is")
        if "<<" in rest and name in ("RUN", "COPY", "ADD"):
            raise ImageError(f"line {line}: here-documents are not implemented here")
        instructions.append(Instruction(name, rest, flags, line))
    if not any(instruction.name == "FROM" for instruction in instructions):
        raise ImageError("the Dockerfile has no FROM")
    return instructions


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined with the next."""
    held, begun = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        begun = begun or number
        if line.endswith("\\"):
            held += line[:-1].rstrip() + " "
            continue
        yield begun, held + line
        held, begun = "", 0
    if held:
        yield begun, held.strip()


def _flags(text: str) -> tuple[dict[str, str], str]:
    flags = {}
    while match := FLAG.match(text):
        flags[match["name"]] = match["value"] or ""
        text = text[match.end() :]
    return flags, text


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """`$name`, `${name}`, `${name:-default}` and `${name:+instead}`, as Docker replaces them."""

    def replace(match: re.Match[str]) -> str:
        if match["escaped"] is not None:
            return match["escaped"] if match["escaped"] == "$" else match[0]
        value = variables.get(match["braced"] or match["plain"], "")
        if match["mode"] == "-":
            return value or match["word"]
        if match["mode"] == "+":
            return match["word"] if value else ""
        return value

    return VARIABLE.sub(replace, text)
