"""Whoever installs the wheel, and has no clone, gets the same projects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlsystem.client.project import create, template_folder

ROOT = Path(__file__).parents[2]
MAKE_ONE = "import sys; from pathlib import Path; from mlsystem.client.project import create; create(Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed package."""
    base = tmp_path_factory.mktemp("wheel")
    uv = [str(Path(sys.executable).with_name("uv")), "--quiet", "--offline"]
    python = ["--python", sys.executable]
    build = ["build", "--wheel", "--no-build-isolation", "--out-dir", str(base)]
    subprocess.run([*uv, *build, *python, str(ROOT)], check=True)
    [wheel] = base.glob("*.whl")
    install = ["pip", "install", "--no-deps", "--target", str(base / "installed")]
    subprocess.run([*uv, *install, *python, str(wheel)], check=True)
    return base / "installed"


def test_an_installed_program_makes_the_same_project_as_a_clone(installed: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    subprocess.run([sys.executable, "-c", MAKE_ONE, made], check=True, env=environment, cwd=tmp_path)
    create(tmp_path / "wanted")
    assert _described(made) == _described(tmp_path / "wanted")
    assert (made / "studio_nbs" / "mlops.ipynb").read_bytes() == (ROOT / "studio_nbs/mlops.ipynb").read_bytes()
    shipped = installed / "mlsystem" / "shipped"
    assert (shipped / "studio.yml").read_bytes() == (template_folder().parent / "studio.yml").read_bytes()


def _described(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Content, and whether it can be run, of each file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK)) for path in files}
