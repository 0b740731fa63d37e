"""What is wrong with a Dockerfile, by the builder's own reader of them.

The rules are a choice of those that Docker gives for good images: https://docs.docker.com/build/building/best-practices/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mlsystem.client.images.dockerfile import Instruction, parse

_COMMANDS = {"apt": "apt is for people: use apt-get", "sudo": "it is root already", "cd": "use WORKDIR"}
_SEPARATORS = re.compile(r"&&|\|\||;|\|")


def faults(text: str, context: Path | None = None) -> list[str]:
    """`context` None: whether what is copied exists is not asked."""
    instructions = parse(text)
    found = [f"{one.place}: {fault}" for one in instructions for fault in _of(one, instructions, context)]
    names = [one.name for one in instructions]
    found += [
        f"there are {names.count(name)} {name}, and only the last one counts"
        for name in ("CMD", "ENTRYPOINT")
        if names.count(name) > 1
    ]
    return found


def _of(one: Instruction, all_: list[Instruction], context: Path | None) -> Iterator[str]:
    match one.name:
        case "FROM":
            yield from _base(one, all_)
        case "RUN":
            yield from _run(one)
        case "COPY":
            yield from _copy(one, context)
        case "WORKDIR" if not one.text.startswith("/"):
            yield "the path is not absolute"
        case "CMD" | "ENTRYPOINT" if one.exec_form() is None:
            yield "a shell stands between the program and its signals: write a JSON list"


def _base(one: Instruction, all_: list[Instruction]) -> Iterator[str]:
    image = one.text.split()[0]
    if image.startswith("$"):
        arguments = [other.text.partition("=")[0] for other in all_ if other.name == "ARG" and other.line < one.line]
        if image.strip("${}") not in arguments:
            yield "no ARG before it says this image"
    elif ":" not in image.rsplit("/", 1)[-1] and "@" not in image:
        yield "the image has no tag"
    elif image.endswith(":latest"):
        yield "the tag latest is another image tomorrow"


def _run(one: Instruction) -> Iterator[str]:
    commands = [command.split() for command in _SEPARATORS.split(one.text) if command.strip()]
    for name, advice in _COMMANDS.items():
        if any(command[0] == name for command in commands):
            yield advice
    apt = [command[1] for command in commands if command[0] == "apt-get" and len(command) > 1]
    for command in commands:
        if command[:2] == ["apt-get", "install"]:
            yield from _apt_install(command, apt, one.text)
        if command[:2] == ["pip", "install"]:
            yield from _pip_install(command)


def _apt_install(command: list[str], apt: list[str], text: str) -> Iterator[str]:
    if apt[0] != "update":
        yield "apt-get update belongs into the same RUN: a layer of it alone grows old"
    if not {"-y", "--yes"} & set(command):
        yield "apt-get install would ask: -y"
    if "--no-install-recommends" not in command:
        yield "packages that nobody asked for: --no-install-recommends"
    if "distclean" not in apt and "/var/lib/apt/lists" not in text:
        yield "the lists of packages stay in the layer: apt-get distclean"


def _pip_install(command: list[str]) -> Iterator[str]:
    if "--no-cache-dir" not in command:
        yield "pip's cache stays in the layer: --no-cache-dir"
    if "-r" not in command and not any("==" in word for word in command):
        yield "no version is said"


def _copy(one: Instruction, context: Path | None) -> Iterator[str]:
    *sources, target = one.text.split()
    if len(sources) > 1 and not target.endswith("/"):
        yield "several sources go into a folder, whose name ends with a slash"
    for source in sources:
        if context is not None and not (context / source).exists():
            yield f"{source} is not there"
