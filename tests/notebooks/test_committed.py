"""What is committed of a notebook is what somebody wrote: outputs and counts change with each run, and belong to whoever ran it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat as _nbformat
import pytest

from tests.notebooks.running import ROOT

nbformat: Any = _nbformat  # its functions have no types
NOTEBOOKS = sorted([*(ROOT / "exp_nbs").glob("*.ipynb"), *(ROOT / "studio_nbs").glob("*.ipynb")])


def test_the_experiments_are_there() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert {"exp-local-sm", "exp-real-sm", "exp-ml-gateway", "exp-step-functions"} <= names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_neither_outputs_nor_counts(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_of_code_is_python(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            compile(cell.source, f"{path.name} {cell.id}", "exec")
