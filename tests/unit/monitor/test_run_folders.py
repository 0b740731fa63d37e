"""Which run is meant, and which runs came before it: told by the folders yyyy/mm/dd/HH."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlsystem.monitor.errors import ReportError
from mlsystem.monitor.run_folders import earlier_runs, find_run, hour_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run(schedule: Path, hour: str) -> Path:
    folder = schedule / hour
    folder.mkdir(parents=True)
    (folder / "verdicts.json").touch()
    return folder


def test_a_folder_with_a_check_is_the_run_itself(tmp_path: Path) -> None:
    run(tmp_path, "2026/11/24/02")
    (tmp_path / "verdicts.json").touch()
    assert find_run(tmp_path) == tmp_path


def test_of_a_schedule_the_latest_run_is_meant_wherever_in_its_tree_one_stands(tmp_path: Path) -> None:
    folders = [run(tmp_path, hour) for hour in ("2026/11/24/02", "2025/12/31/23", "2026/11/23/22")]
    assert find_run(tmp_path) == folders[0]
    assert find_run(tmp_path / "2026" / "11" / "23") == folders[2]


def test_earlier_runs_come_in_the_order_of_their_hours_and_later_ones_not(tmp_path: Path) -> None:
    hours = ["2025/12/31/23", "2026/11/23/22", "2026/11/24/02", "2026/11/24/03"]
    folders = [run(tmp_path, hour) for hour in reversed(hours)][::-1]
    assert [found.path for found in earlier_runs(folders[2], NOW)] == folders[:2]
    assert earlier_runs(folders[0], NOW) == []


def test_a_check_beside_a_tree_is_compared_with_the_runs_before_it_was_made(tmp_path: Path) -> None:
    before = run(tmp_path, "2026/11/24/02")
    run(tmp_path, "2026/11/24/13")
    assert [found.path for found in earlier_runs(tmp_path, NOW)] == [before]


def test_a_folder_that_names_no_hour_is_none(tmp_path: Path) -> None:
    assert hour_of(run(tmp_path, "2026/02/30/01")) is None
    assert hour_of(run(tmp_path, "2026/02/28/24")) is None
    assert hour_of(run(tmp_path, "2026/02/28/23")) == datetime(2026, 2, 28, 23, tzinfo=UTC)


def test_a_check_beside_other_things_does_not_search_them_for_runs(tmp_path: Path) -> None:
    run(tmp_path / "somebody" / "else", "2026/11/24/02")
    assert earlier_runs(tmp_path, NOW) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere", "is no folder. Name one that `python -m mlsystem.monitor check` has written to"),
        ("", "holds nothing that a check has written: no verdicts.json, and no yyyy/mm/dd/HH folders with one. Run"),
    ],
)
def test_without_a_run_the_error_says_what_to_do(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(ReportError) as caught:
        find_run(tmp_path / name)
    assert problem in str(caught.value)


def test_runs_of_several_schedules_are_asked_about(tmp_path: Path) -> None:
    for schedule in ("a", "b"):
        run(tmp_path / schedule, "2026/11/24/02")
    with pytest.raises(ReportError, match=r"holds the runs of 2 schedules. Name one: .*/a, .*/b"):
        find_run(tmp_path)
