"""Folders of tests are made in memory only where there is plenty of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.suite import PROGRAM_BYTES, SCRATCH_BYTES, scratch_parent


def meminfo(available: int) -> str:
    return f"MemTotal:       99999999 kB\nMemAvailable:   {available >> 10} kB\n"


ENOUGH = meminfo(SCRATCH_BYTES + PROGRAM_BYTES)


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=SCRATCH_BYTES))


def test_memory_is_used_where_there_is_plenty(tmp_path: Path) -> None:
    assert scratch_parent(tmp_path, ENOUGH) == tmp_path


@pytest.mark.parametrize("text", [meminfo(SCRATCH_BYTES + PROGRAM_BYTES - 1024), "", "MemFree: 99999999 kB\n"])
def test_too_little_memory_or_none_that_is_known(tmp_path: Path, text: str) -> None:
    assert scratch_parent(tmp_path, text) is None


def test_a_small_file_system_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=SCRATCH_BYTES - 1))
    assert scratch_parent(tmp_path, ENOUGH) is None


def test_a_machine_without_one(tmp_path: Path) -> None:
    assert scratch_parent(tmp_path / "missing", ENOUGH) is None


def test_one_that_starts_no_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda folder: SimpleNamespace(f_flag=os.ST_NOEXEC))
    assert scratch_parent(tmp_path, ENOUGH) is None
