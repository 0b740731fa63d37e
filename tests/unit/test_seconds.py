"""Seconds of tests are added up by group, whichever process measured them."""

from __future__ import annotations

from pathlib import Path

from tests.seconds import append, by_group, table


def test_a_group_is_a_folder_and_what_kills_engines_is_a_group_of_its_own(tmp_path: Path) -> None:
    durations = [
        ("tests/unit/monitor/test_run.py::test_a", 1.0),
        ("tests/unit/test_seconds.py::test_b[x::y]", 0.5),
        ("tests/engine/test_s3.py::test_c", 2.0),
        ("tests/engine/test_kill_points_jobs.py::test_d", 4.0),
    ]
    file = tmp_path / "seconds"
    file.write_text("3 lint\n")
    append(file, by_group(durations))
    append(file, by_group(durations[2:]))
    rows = [line.rsplit(maxsplit=2)[:2] for line in table(file.read_text().splitlines()).splitlines()[1:]]
    assert rows == [["lint", "3"], ["unit", "2"], ["engine", "4"], ["crash tests", "8"], ["together", "16"]]
