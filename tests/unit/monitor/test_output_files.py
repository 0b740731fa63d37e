"""Reports on their way to disk: whole or not there."""

from pathlib import Path

import pytest

from mlsystem.monitor.errors import OutputError
from mlsystem.monitor.output_files import write_file


def test_a_file_takes_the_place_of_another_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "below" / "report.json"
    write_file(file, "first")
    with file.open() as before:
        write_file(file, "second")
        assert (before.read(), file.read_text()) == ("first", "second")
    assert [path.name for path in file.parent.iterdir()] == ["report.json"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(OutputError, match=r"report\.json cannot be written: Is a directory"):
        write_file(tmp_path / "report.json", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_name_that_is_no_text_is_written_as_json_writes_it(tmp_path: Path) -> None:
    write_file(tmp_path / "report.json", "\ud800")
    assert (tmp_path / "report.json").read_text() == "\\ud800"
