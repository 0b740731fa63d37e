"""A program of an image, run on this machine."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.image import run as image_command
from mlsystem.client.images import shell
from mlsystem.client.images.builders import STORE_VARIABLE
from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.trial import Trial, run_trial
from tests.live import eventually
from tests.unit.client.images.workshop import BASE, Workshop

PROGRAM = """#!/bin/sh
echo "$COLOUR $PLACE $(pwd) $*" > /mnt/out/said
echo changed > /srv/kept
exit 3
"""

# Image, folder for its results, folder of the layout.
CALL = """
import pathlib, sys
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.trial import Trial, run_trial
image, out, layout = sys.argv[1:]
sys.exit(run_trial(Trial(image, (), {"/mnt/out": pathlib.Path(out)}), ImageLayout(pathlib.Path(layout))))
"""


@pytest.fixture
def image(workshop: Workshop) -> str:
    """Its program writes to /mnt/out, and into the image's own files."""
    workshop.write("program", PROGRAM, 0o755)
    workshop.write("kept", "as it was")
    return workshop.build("COPY program kept /srv/", "ENV PLACE=image", "WORKDIR /srv", 'ENTRYPOINT ["/srv/program"]')


def test_a_program_sees_the_image_and_leaves_its_results_in_what_is_mounted(
    workshop: Workshop, image: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    code = run_trial(Trial(image, ("a", "b"), {"/mnt/out": out}, {"PLACE": "here"}), workshop.layout)
    assert (code, (out / "said").read_text()) == (3, "green here /srv a b\n")
    assert workshop.files(image)["srv/kept"] == "as it was"


def test_a_folder_takes_the_place_of_the_images_own(workshop: Workshop, image: str, tmp_path: Path) -> None:
    out, code = tmp_path / "out", tmp_path / "code"
    for folder in (out, code):
        folder.mkdir()
    (code / "program").write_text("#!/bin/sh\necho another > /mnt/out/said\n")
    (code / "program").chmod(0o755)
    assert run_trial(Trial(image, (), {"/mnt/out": out, "/srv": code}), workshop.layout) == 0
    assert (out / "said").read_text() == "another\n"


def test_what_cannot_be_run_is_refused_by_name(workshop: Workshop, image: str, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(ImageError, match=f"{missing} cannot be mounted at /mnt: there is no such folder"):
        run_trial(Trial(image, (), {"/mnt": missing}), workshop.layout)
    with pytest.raises(ImageError, match="there is no image other:1"):
        run_trial(Trial("other:1"), workshop.layout)
    workshop.layout.save("silent:1", replace(workshop.layout.load(BASE), command=()))
    with pytest.raises(ImageError, match="no command of its own"):
        run_trial(Trial("silent:1"), workshop.layout)


def test_a_machine_without_a_sandbox_is_told_what_to_do(
    workshop: Workshop, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> NoReturn:
        raise shell.NoShell("no permissions")

    monkeypatch.setattr(shell, "_bwrap", refuse)
    with pytest.raises(ImageError, match=r"no permissions.*docker run"):
        run_trial(Trial(image), workshop.layout)


def test_whoever_ends_it_ends_the_program_and_leaves_no_files(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    for folder in (out, scratch):
        folder.mkdir()
    server = workshop.build('CMD ["sh", "-c", "echo $$ > /mnt/out/pid; exec sleep 600"]')
    monkeypatch.setenv("TMPDIR", str(scratch))
    arguments = [server, str(out), str(workshop.layout.folder)]
    with subprocess.Popen([sys.executable, "-c", CALL, *arguments]) as process:
        eventually((out / "pid").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) != 0
    assert list(scratch.iterdir()) == []


def test_what_the_command_line_is_given_is_checked_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path))
    with pytest.raises(ClientFailure, match="--volume ml: expected FOLDER:PLACE"):
        image_command("model", [], ["ml"], [])
    with pytest.raises(ClientFailure, match="--env COLOUR: expected NAME=VALUE"):
        image_command("model", [], [], ["COLOUR"])
    with pytest.raises(NotFound, match="no image model:latest on this machine"):
        image_command("model", [], [], [])
