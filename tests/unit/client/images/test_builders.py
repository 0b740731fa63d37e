"""Who builds an image: what each makes of a Dockerfile, and whom `auto` takes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsystem.client.images import builders
from mlsystem.client.images.builders import Builder, build_image
from mlsystem.client.images.errors import ImageError
from tests.unit.client.images.workshop import Workshop

FROM_NOTHING = 'FROM scratch\nCOPY words /srv/words\nENV LEVEL=1\nCMD ["serve"]\n'


def _build(workshop: Workshop, builder: Builder, name: str = "built:1", **arguments: str) -> str:
    dockerfile = workshop.context / "Dockerfile"
    return build_image(
        name, workshop.context, dockerfile, arguments, builder, workshop.layout, workshop.told.append
    ).digest


def test_buildah_builds_the_same_image_of_the_same_content(workshop: Workshop, need_tool: Callable[[str], str]) -> None:
    need_tool("buildah")
    if os.geteuid() != 0:
        pytest.skip("not run: buildah needs root, or subordinate ids")
    workshop.write("words", "w")
    workshop.write("Dockerfile", FROM_NOTHING)
    first = _build(workshop, "buildah")
    assert workshop.files("built:1") == {"srv/words": "w"}
    config = workshop.layout.load("built:1")
    assert (config.environment["LEVEL"], config.command) == ("1", ("serve",))
    assert _build(workshop, "buildah", "built:2") == first
    assert "building built:1 with buildah" in workshop.told


def test_what_another_builder_refuses_is_told_with_its_words_and_a_way_out(
    workshop: Workshop, need_tool: Callable[[str], str]
) -> None:
    need_tool("buildah")
    workshop.write("Dockerfile", "FROM scratch\nCOPY missing /\n")
    with pytest.raises(ImageError) as refused:
        _build(workshop, "buildah")
    assert "missing" in str(refused.value)
    assert str(refused.value).endswith("--builder interpreter builds without buildah, of this machine's own files")


@pytest.mark.parametrize(
    ("there", "chosen"),
    [({"docker", "buildah"}, "docker"), ({"buildah"}, "buildah"), (set(), "interpreter")],
)
def test_auto_takes_the_first_that_there_is(there: set[str], chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "_answers", lambda command: command[0] in there)
    assert builders._available() == chosen


def test_a_docker_without_an_engine_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2; exit 1\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert builders._available() == "interpreter"


def test_a_context_that_is_no_folder_is_named(workshop: Workshop) -> None:
    with pytest.raises(ImageError, match="nowhere is no folder: a build needs one to copy files from"):
        build_image(
            "a:1", Path("nowhere"), Path("Dockerfile"), {}, "interpreter", workshop.layout, workshop.told.append
        )
