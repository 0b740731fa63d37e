"""Notebooks, run from the first cell to the last by a kernel of this environment, as a reader would run them.

A kernel is a process of its own: what a notebook knows of AWS it has from the variables that every AWS client reads, here those
of a live engine.
"""

from __future__ import annotations

import base64
import os
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat as _nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from tests.e2e.built_images import CACHE
from tests.live import LiveEngine

nbformat: Any = _nbformat  # its functions have no types
ROOT = Path(__file__).parents[2]
CELL_SECONDS = 400


@dataclass(frozen=True)
class Executed:
    """A notebook after its last cell, and the copy of it that is kept with all outputs and pictures."""

    path: Path
    notebook: Any

    @property
    def outputs(self) -> list[Any]:
        """Of all cells, in their order; the forms are nbformat's."""
        return [output for cell in self.notebook.cells if cell.cell_type == "code" for output in cell.outputs]

    @property
    def text(self) -> str:
        """What was printed to standard output, and the results of cells as text."""
        return "".join(_texts(self.outputs))

    @property
    def pictures(self) -> list[bytes]:
        """Every PNG that a cell shows."""
        shown = [output.get("data", {}).get("image/png") for output in self.outputs]
        return [base64.b64decode(png) for png in shown if png]


def execute(
    notebook: Path,
    folder: Path,
    environment: Mapping[str, str],
    working_folder: Path | None = None,
    cell_seconds: int = CELL_SECONDS,
) -> Executed:
    """Run a notebook in the folder that it lies in, or in another, with these variables beside the process's own.

    The copy with outputs is written to `folder`, also where a cell fails, which raises nbclient's CellExecutionError; so are the
    pictures, each as a file of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = nbformat.read(notebook, as_version=4)
    where = {"metadata": {"path": str(working_folder or notebook.parent)}}
    executed = Executed(folder / notebook.name, content)
    try:
        with tempfile.TemporaryDirectory() as sockets:
            client = NotebookClient(
                content,
                timeout=cell_seconds,
                kernel_name="python3",
                resources=where,
                config=_spoken_to(sockets),
                shutdown_kernel="immediate",  # it has nothing to save
            )
            client.execute(env=_kernel_environment(folder, environment))
    finally:
        nbformat.write(content, executed.path)
        for number, picture in enumerate(executed.pictures, start=1):
            (folder / f"{notebook.stem}-{number}.png").write_bytes(picture)
    return executed


def engine_environment(engine: LiveEngine) -> dict[str, str]:
    """What `eval "$(mlsystem env)"` sets."""
    found = engine.credentials()
    return {
        "AWS_ENDPOINT_URL": engine.url,
        "AWS_ACCESS_KEY_ID": str(found["access_key_id"]),
        "AWS_SECRET_ACCESS_KEY": str(found["secret_access_key"]),
        "AWS_REGION": str(found["region"]),
        "AWS_DEFAULT_REGION": str(found["region"]),
    }


def _spoken_to(folder: str) -> Config:
    """By sockets in a folder of one's own: on TCP ports others could speak to the kernel."""
    manager = {"transport": "ipc", "ip": f"{folder}/kernel", "connection_file": f"{folder}/kernel.json"}
    return Config(KernelManager=manager)


def _kernel_environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The commands of this environment are found, and the person's own settings of Python's tools are not."""
    own = {
        "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
        "IPYTHONDIR": str(folder / ".ipython"),
        "MPLCONFIGDIR": str(CACHE / "matplotlib"),  # it lists the machine's fonts, which takes seconds
    }
    return {**os.environ, **own, **environment}


def _texts(outputs: list[Any]) -> Iterator[str]:
    for output in outputs:
        if output.output_type == "stream" and output.name == "stdout":
            yield str(output.text)
        elif output.output_type == "execute_result":
            yield f"{output.data.get('text/plain', '')}\n"
