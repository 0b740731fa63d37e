"""Builds an image: interprets a Dockerfile over a folder of files, a layer for each instruction that changes any."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlsystem.client.images.base import make_base
from mlsystem.client.images.dockerfile import Instruction, parse, substitute
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layer import Survey, survey, write_layer
from mlsystem.client.images.layout import LAYER, ImageConfig, ImageLayout
from mlsystem.client.images.rootfs import RootFs, read_ignored
from mlsystem.client.images.run import run


@dataclass(frozen=True)
class Build:
    """What is to be built: a Dockerfile, the folder that COPY copies from, values of ARGs, the image's names."""

    dockerfile: Path
    context: Path
    arguments: Mapping[str, str]
    names: tuple[str, ...]


def build(request: Build, layout: ImageLayout, tell: Callable[[str], None]) -> str:
    """The digest of the image, which is then found in the layout under each of its names. Raises ImageError."""
    try:
        instructions = parse(request.dockerfile.read_text())
    except OSError as error:
        raise ImageError(f"{request.dockerfile}: {error.strerror}") from error
    with tempfile.TemporaryDirectory(prefix="image-") as scratch:
        builder = _Builder(request, layout, RootFs(Path(scratch) / "root"), tell)
        for number, instruction in enumerate(instructions, 1):
            tell(f"[{number}/{len(instructions)}] {instruction.name} {instruction.text}")
            builder.carry_out(instruction)
        digest = ""
        for name in request.names:
            digest = layout.save(name, builder.config)
        return digest


class _Builder:
    def __init__(self, request: Build, layout: ImageLayout, files: RootFs, tell: Callable[[str], None]):
        self.config = ImageConfig()
        self._request = request
        self._layout = layout
        self._files = files
        self._tell = tell
        self._arguments: dict[str, str] = {}
        self._known: Survey = {}

    def carry_out(self, instruction: Instruction) -> None:
        text = instruction.text
        if instruction.name not in ("RUN", "CMD", "ENTRYPOINT"):
            text = substitute(text, {**self._arguments, **self.config.environment})
        match instruction.name:
            case "ARG":
                self._argument(text)
            case "FROM":
                self._from(text, instruction)
            case "WORKDIR":
                self._files.working_directory = str(Path(self._files.working_directory) / text)
                self._files.path(".").mkdir(parents=True, exist_ok=True)
                self._end_layer()
            case "COPY":
                self._copy(text, instruction)
            case "RUN":
                self._run(instruction)
            case _:
                self._describe(text, instruction)
        self.config.working_directory = self._files.working_directory

    def _describe(self, text: str, instruction: Instruction) -> None:
        """What changes no file."""
        match instruction.name:
            case "ENV":
                self.config.environment.update(_pairs(text, instruction))
            case "LABEL":
                self.config.labels.update(_pairs(text, instruction))
            case "ENTRYPOINT":
                self.config.entrypoint = _command(instruction)
                self.config.command = ()
            case "CMD":
                self.config.command = _command(instruction)
            case "EXPOSE":
                pass  # says only what the program does

    def _argument(self, text: str) -> None:
        name, _, default = text.partition("=")
        self._arguments[name.strip()] = self._request.arguments.get(name.strip(), default.strip().strip("\"'"))

    def _from(self, text: str, instruction: Instruction) -> None:
        if self._files.root.exists() or " " in text:
            raise ImageError(
                f"{instruction.place}: several stages are not implemented here; one FROM with one image is"
            )
        if not text:
            raise ImageError(f"{instruction.place}: the image is empty; give its ARG a value with --build-arg")
        self._files.root.mkdir()
        base = make_base(text, self._files.root, self._tell)
        if base is not None:
            self.config = base
            self._end_layer()
            return
        if self._layout.find(text) is None:
            raise ImageError(
                f"{instruction.place}: this image is not on this machine. python:X.Y is made from the machine's Python; "
                "others are built or pulled from ECR first"
            )
        self.config = self._layout.load(text)
        self._layout.unpack(self.config.layers, self._files.root)
        self._files.working_directory = self.config.working_directory
        self._known = survey(self._files.root)

    def _copy(self, text: str, instruction: Instruction) -> None:
        *sources, target = replace(instruction, text=text).exec_form() or tuple(shlex.split(text))
        ignored = read_ignored(self._request.context)
        self._files.copy(self._request.context, sources, target, ignored, instruction.flags.get("chmod"))
        self._end_layer()

    def _run(self, instruction: Instruction) -> None:
        words = instruction.exec_form()
        command = (
            shlex.join(words) if words else substitute(instruction.text, {**self._arguments, **self.config.environment})
        )
        run(command, self._files, self._tell, instruction.place)
        self._end_layer()

    def _end_layer(self) -> None:
        aside, now = self._layout.scratch(), survey(self._files.root)
        if write_layer(self._files.root, self._known, now, aside):
            self.config.layers = (*self.config.layers, self._layout.add_file(aside, LAYER))
        self._known = now


def _pairs(text: str, instruction: Instruction) -> dict[str, str]:
    """`a=1 b="2 3"`, or the old `a 1 2`."""
    words = shlex.split(text)
    if words and "=" not in words[0]:
        return {words[0]: text.partition(" ")[2].strip()}
    if not all("=" in word for word in words):
        raise ImageError(f"{instruction.place}: expected name=value")
    return dict(word.split("=", 1) for word in words)


def _command(instruction: Instruction) -> tuple[str, ...]:
    return instruction.exec_form() or ("/bin/sh", "-c", instruction.text)
