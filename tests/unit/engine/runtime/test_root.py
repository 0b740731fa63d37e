"""What a sandbox shows of the machine while programs without one have places there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsystem.engine.runtime import root
from mlsystem.engine.runtime.process import Log, Mount, ProcessSpec
from mlsystem.engine.runtime.shim.claims import Claims


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for /opt."""
    folder = tmp_path / "opt"
    (folder / "tool").mkdir(parents=True)
    monkeypatch.setattr(root, "_SYSTEM", (folder,))
    return folder


@pytest.fixture
def held(system: Path, tmp_path: Path) -> Iterator[Path]:
    """A link in a folder made for it."""
    claims = Claims([{"place": f"{system}/ml/model", "source": str(tmp_path), "port": 0}], "a test")
    assert claims.take() == ""
    claims.make()
    yield system / "ml"
    claims.give_back()


def shown(system: Path, tmp_path: Path, target: str) -> list[str]:
    spec = ProcessSpec("job", ("true",), Log(tmp_path / "log"), mounts=(Mount(tmp_path, f"{system}/{target}"),))
    layers = root.layers(spec, tmp_path / "scratch", (), is_overlaid=True)
    return [layer.place for layer in layers if hasattr(layer, "place") and Path(layer.place).is_relative_to(system)]


def test_what_a_program_without_a_sandbox_has_for_a_while_is_not_shown(
    system: Path, held: Path, tmp_path: Path
) -> None:
    assert (held / "model").is_symlink()
    assert shown(system, tmp_path, "of-a-job") == [str(system), f"{system}/tool", f"{system}/of-a-job"]


def test_its_link_is_no_place_for_a_mount(system: Path, held: Path, tmp_path: Path) -> None:
    assert shown(system, tmp_path, "ml/model") == [str(system), f"{system}/tool", f"{system}/ml/model"]


def test_what_is_the_machines_is_shown(system: Path, tmp_path: Path) -> None:
    (system / "ml").mkdir()
    assert shown(system, tmp_path, "ml") == [str(system), f"{system}/ml"]
    assert shown(system, tmp_path, "other") == [str(system), f"{system}/ml", f"{system}/tool", f"{system}/other"]
