"""What takes long begins first, and the list of it names files that are there."""

from __future__ import annotations

from pathlib import Path

from tests.order import LONGEST, missing, rank

TESTS = Path(__file__).parents[1]


def test_files_of_the_list_come_first_in_its_order() -> None:
    files = [TESTS / "unit/test_order.py", TESTS / LONGEST[1], TESTS.parent / "elsewhere.py", TESTS / LONGEST[0]]
    ordered = sorted(files, key=lambda file: rank(file, TESTS))
    assert ordered == [files[3], files[1], files[0], files[2]]


def test_every_file_of_the_list_is_there() -> None:
    assert missing(TESTS) == []
