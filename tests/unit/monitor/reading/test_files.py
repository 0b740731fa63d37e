"""Which files a dataset has: all of them, or an error that names what could not be looked at."""

import os
from pathlib import Path

import pytest

from mlsystem.monitor.errors import DatasetError, NoDataError
from mlsystem.monitor.reading.files import find_files, matching


def write(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a\n1\n")
    return file


def write_out_of_reach(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders below each other until their path is longer than Linux allows: root cannot read them either."""
    monkeypatch.chdir(folder)
    for _ in range(20):
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    monkeypatch.undo()


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.csv")
    write_out_of_reach(tmp_path, monkeypatch)
    with pytest.raises(DatasetError, match=f"{tmp_path} cannot be read: .*too long"):
        find_files([tmp_path])
    with pytest.raises(OSError, match="too long"):
        matching(f"{tmp_path}/**/*.csv")


@pytest.mark.parametrize("target", ["gone.csv", "link.csv"])
def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path, target: str) -> None:
    write(tmp_path / "a.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / target)
    with pytest.raises(DatasetError, match=r"cannot be read: .*link\.csv"):
        find_files([tmp_path])


def test_links_to_folders_are_followed_and_each_folder_counts_once(tmp_path: Path) -> None:
    inside, outside = write(tmp_path / "data" / "a.csv"), write(tmp_path / "elsewhere" / "b.csv")
    (tmp_path / "data" / "linked").symlink_to(outside.parent)
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    assert find_files([tmp_path / "data"]) == [inside, tmp_path / "data" / "linked" / "b.csv"]


def test_one_path_of_several_that_does_not_exist_is_no_data(tmp_path: Path) -> None:
    file, gone = write(tmp_path / "a.csv"), tmp_path / "gone.csv"
    with pytest.raises(NoDataError, match=f"no data: {gone} does not exist"):
        find_files([file, gone])


def test_a_glob_takes_a_name_for_what_it_says(tmp_path: Path) -> None:
    files = [write(tmp_path / name) for name in ("a/1.csv", "a/2.txt", "b/c/3.csv", "4.csv")]
    assert matching(f"{tmp_path}/*/*.csv") == [files[0]]
    assert matching(f"{tmp_path}/**/*.csv") == [files[3], files[0], files[2]]
    assert matching(f"{tmp_path}/a/[2-9]*") == [files[1]]
    assert matching(f"{tmp_path}/**x/*") == []
    assert matching(f"{tmp_path}/a/../b/*/3.csv") == [tmp_path / "a" / ".." / "b" / "c" / "3.csv"]
    assert matching(f"{tmp_path}/*/gone.csv") == []
