"""`make bench` leaves none out, and asks each for what it knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import all as every

# Parts of others, and what writes a page of the documentation.
NO_BENCHMARKS = {"all", "bare_programs", "long_past", "stage_times", "svg"}


def test_every_benchmark_is_in_the_list() -> None:
    scripts = {path.stem for path in every.BENCHMARKS.glob("*.py")}
    assert scripts - NO_BENCHMARKS == set(every.ALL)
    assert set(every.LONG) | set(every.WITH_RESULTS) <= set(every.ALL)


@pytest.mark.parametrize("name", ["judge", "objects", "control_plane"])
def test_the_options_of_the_short_form_are_known(name: str) -> None:
    usage = subprocess.run(
        [sys.executable, str(every.BENCHMARKS / f"{name}.py"), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(word in usage for word in every.ALL[name][1] if word.startswith("--"))


def test_one_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every, "BENCHMARKS", tmp_path)
    (tmp_path / "good.py").write_text("print('a figure')")
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    assert every.run("good", (), tmp_path)
    assert not every.run("bad", (), tmp_path)
    assert (tmp_path / "good.txt").read_text() == "a figure\n"


def test_the_machine_is_told_with_versions() -> None:
    told = every.machine()
    assert told["cores"] and told["memory_gb"]
    assert set(told["packages"]) == set(every.PACKAGES)  # type: ignore[call-overload]
