"""Builds an image: interprets a Dockerfile over folders of files, one a stage, a layer for each instruction that changes any."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlsystem.client.images.base import make_base
from mlsystem.client.images.dockerfile import SAYING, Instruction, parse, split, substitute
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layer import Survey, survey, write_layer
from mlsystem.client.images.layout import LAYER, ImageConfig, ImageLayout
from mlsystem.client.images.rootfs import Ignored, RootFs, read_ignored
from mlsystem.client.images.run import Run
from mlsystem.client.images.scratch import scratch_folder

_NOTHING_IGNORED = Ignored([])


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
        instructions = parse(request.dockerfile.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(f"{request.dockerfile} cannot be read: {error}") from error
    with scratch_folder() as scratch:
        builder = _Builder(request, layout, scratch, tell)
        for number, instruction in enumerate(instructions, 1):
            tell(f"[{number}/{len(instructions)}] {instruction.name} {instruction.text}")
            _carry_out(builder, instruction)
        try:
            return [layout.save(name, builder.config) for name in request.names][-1]
        except OSError as error:
            raise ImageError(f"the image cannot be written: {error}") from error


def _carry_out(builder: _Builder, instruction: Instruction) -> None:
    """Raises ImageError, which names the line whatever it was that failed."""
    try:
        builder.carry_out(instruction)
    except (ImageError, OSError, ValueError) as error:
        told = str(error)
        raise ImageError(told if told.startswith("line ") else f"{instruction.place}: {told}") from error


class _Stage:
    """What one FROM begins."""

    def __init__(self, root: Path) -> None:
        self.config = ImageConfig()
        self.files = RootFs(root)
        self.known: Survey = {}
        self.arguments: dict[str, str] = {}

    @property
    def variables(self) -> dict[str, str]:
        return {**self.arguments, **self.config.environment}


class _Builder:
    def __init__(self, request: Build, layout: ImageLayout, scratch: Path, tell: Callable[[str], None]):
        self._request = request
        self._layout = layout
        self._scratch = scratch
        self._tell = tell
        self._global: dict[str, str] = {}  # the ARGs before the first FROM
        self._stages: dict[str, _Stage] = {}
        self._stage: _Stage | None = None

    @property
    def config(self) -> ImageConfig:
        return self._now.config

    @property
    def _now(self) -> _Stage:
        if self._stage is None:
            raise ImageError("the Dockerfile begins with something else than ARG and FROM")
        return self._stage

    def carry_out(self, instruction: Instruction) -> None:
        if instruction.name == "FROM":
            self._from(instruction)
        elif instruction.name == "ARG":
            self._argument(instruction)
        elif instruction.name == "RUN":
            self._run(instruction)
        else:
            match instruction.name:
                case "WORKDIR":
                    self._now.files.enter(" ".join(split(instruction.text, self._now.variables)))
                    self._now.files.path(".").mkdir(parents=True, exist_ok=True)
                    self._end_layer()
                case "COPY" | "ADD":
                    self._copy(instruction)
                case _:
                    self._describe(instruction)
        if self._stage is not None:
            self._stage.config.working_directory = self._stage.files.working_directory

    def _describe(self, instruction: Instruction) -> None:
        """What changes no file."""
        config = self._now.config
        match instruction.name:
            case "ENV":
                config.environment.update(_pairs(instruction, self._now.variables))
            case "LABEL":
                config.labels.update(_pairs(instruction, self._now.variables))
            case "USER":
                config.user = " ".join(split(instruction.text, self._now.variables))
            case "SHELL":
                self._now.files.shell = instruction.exec_form() or ()
            case "ENTRYPOINT":
                config.entrypoint = self._command(instruction)
                config.command = ()
            case "CMD":
                config.command = self._command(instruction)
            case name:
                assert name in SAYING, name

    def _argument(self, instruction: Instruction) -> None:
        scope = self._global if self._stage is None else self._stage.arguments
        for word in split(instruction.text, scope if self._stage is None else self._stage.variables):
            name, has_default, default = word.partition("=")
            inherited = self._global.get(name, "") if self._stage is not None else ""
            scope[name] = self._request.arguments.get(name, default if has_default else inherited)

    def _from(self, instruction: Instruction) -> None:
        text = substitute(instruction.text, self._global)
        if not text.strip():
            raise ImageError(f"{instruction.place}: the image is empty; give its ARG a value with --build-arg")
        image, *named = text.split()
        if named and (len(named) != 2 or named[0].upper() != "AS"):
            raise ImageError(f"{instruction.place}: expected FROM image, or FROM image AS stage")
        before = self._stages.get(image.lower())
        stage = self._stage = _Stage(self._scratch / f"stage-{len(self._stages)}")
        self._stages[str(len(self._stages))] = stage
        if named:
            self._stages[named[1].lower()] = stage
        stage.files.root.mkdir()
        if before is not None:
            self._begin_with(before.config)
            return
        base = make_base(image, stage.files.root, self._tell)
        if base is not None:
            stage.config = base
            self._end_layer()
            return
        if self._layout.find(image) is None:
            raise ImageError(
                f"{instruction.place}: this image is not on this machine. python:X.Y, debian and ubuntu are made of the "
                "machine's own files; others are built, loaded or pulled from ECR first"
            )
        self._begin_with(self._layout.load(image))

    def _begin_with(self, config: ImageConfig) -> None:
        stage = self._now
        stage.config = replace(
            config, environment=dict(config.environment), labels=dict(config.labels), layers=config.layers
        )
        self._layout.unpack(config.layers, stage.files.root)
        stage.files.working_directory = config.working_directory
        stage.known = survey(stage.files.root)

    def _copy(self, instruction: Instruction) -> None:
        listed = instruction.exec_form()
        variables = self._now.variables
        words = split(instruction.text, variables) if listed is None else [substitute(one, variables) for one in listed]
        if len(words) < 2:
            raise ImageError(f"{instruction.place}: expected what is to be copied, and where to")
        *sources, target = words
        context, ignored, where = self._request.context, read_ignored(self._request.context), "the build context"
        if "from" in instruction.flags:
            name = substitute(instruction.flags["from"], {**self._global, **self._now.variables})
            context, ignored, where = self._files_of(name, instruction), _NOTHING_IGNORED, f"the stage {name}"
        files, mode = self._now.files, instruction.flags.get("chmod")
        if mode is not None and not re.fullmatch("[0-7]{3,4}", mode):
            raise ImageError(
                f"{instruction.place}: --chmod={mode} is not implemented here; octal modes such as 755 are"
            )
        for source in sources if instruction.name == "ADD" else ():
            if "://" in source:
                raise ImageError(f"{instruction.place}: ADD of a URL is not implemented here; RUN a download")
        try:
            if instruction.name == "ADD":
                sources = [source for source in sources if not files.extract(context, source, target)]
            if sources:
                files.copy(context, sources, target, ignored, mode)
        except ImageError as error:
            raise ImageError(f"{instruction.place}: {error} (in {where})") from error
        self._end_layer()

    def _files_of(self, name: str, instruction: Instruction) -> Path:
        """The files of an earlier stage, or of an image of this machine."""
        stage = self._stages.get(name.lower())
        if stage is not None:
            return stage.files.root
        if self._layout.find(name) is None:
            raise ImageError(f"{instruction.place}: there is no stage and no image {name}")
        folder = self._scratch / f"from-{len(list(self._scratch.iterdir()))}"
        folder.mkdir()
        self._layout.unpack(self._layout.load(name).layers, folder)
        return folder

    def _run(self, instruction: Instruction) -> None:
        try:
            words = instruction.exec_form()
        except ImageError:  # `[ -e file ] && ...`
            words = None
        command = shlex.join(words) if words else instruction.text
        Run(self._now.files, self._now.variables, self._tell, instruction.place).carry_out(command)
        self._end_layer()

    def _end_layer(self) -> None:
        stage = self._now
        aside, now = self._layout.scratch(), survey(stage.files.root)
        try:
            if write_layer(stage.files.root, stage.known, now, aside):
                stage.config.layers = (*stage.config.layers, self._layout.add_file(aside, LAYER))
        finally:
            aside.unlink(missing_ok=True)
        stage.known = now

    def _command(self, instruction: Instruction) -> tuple[str, ...]:
        return instruction.exec_form() or (*(self._now.files.shell or ("/bin/sh", "-c")), instruction.text)


def _pairs(instruction: Instruction, variables: Mapping[str, str]) -> dict[str, str]:
    """`a=1 b="2 3"`, or the old `a 1 2`."""
    words = split(instruction.text, variables)
    if len(words) > 1 and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    if not words or not all("=" in word for word in words):
        raise ImageError(f"{instruction.place}: expected name=value")
    return dict(word.split("=", 1) for word in words)
