"""A program of an image, run on this machine: to try it before anything is deployed, with and without Docker.

Whoever built the image, its files lie in the same layout, and a sandbox lays them over this machine's as RUN does while an image is
built. The network is the machine's own: a server is asked at the port that it listens on.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlsystem.client.images.errors import ImageError
from mlsystem.client.images.layout import ImageLayout
from mlsystem.client.images.rootfs import RootFs
from mlsystem.client.images.scratch import scratch_folder
from mlsystem.client.images.shell import NoShell, sandbox


@dataclass(frozen=True)
class Trial:
    """`command` stands in the place of the image's own, behind its entry point; `mounted` are folders of this machine by
    their place inside."""

    image: str
    command: Sequence[str] = ()
    mounted: Mapping[str, Path] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def run_trial(trial: Trial, layout: ImageLayout) -> int:
    """The exit code, once it has ended; what it says goes where this program's own words go. Raises ImageError."""
    for place, folder in trial.mounted.items():
        if not folder.is_dir():
            raise ImageError(f"{folder} cannot be mounted at {place}: there is no such folder")
    config = layout.load(trial.image)
    words = [*config.entrypoint, *(trial.command or config.command)]
    if not words:
        raise ImageError(f"the image {trial.image} has no command of its own: say which program to run")
    with scratch_folder() as scratch:
        files = RootFs(scratch / "root")
        layout.unpack(config.layers, files.root)
        files.enter(config.working_directory)
        variables = {**config.environment, **trial.variables}
        try:
            prefix = sandbox(files, scratch / "work", variables, trial.mounted)
        except NoShell as error:
            raise ImageError(
                f"{trial.image} needs a sandbox that lays its files over this machine's, which refuses it ({error}); where there is "
                "Docker, `docker run` with the same --volume and --env does the same"
            ) from error
        return _to_its_end([*prefix, *words])


def _to_its_end(command: Sequence[str]) -> int:
    """Whoever ends this program ends the other with it; only then are its files removed."""
    with subprocess.Popen(command) as process:
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return process.wait()
        except KeyboardInterrupt:
            return process.wait()  # which has got the same signal
        finally:
            signal.signal(signal.SIGTERM, before)
