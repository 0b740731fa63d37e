"""What takes long begins first, and the list of it names files that are there."""

from __future__ import annotations

from pathlib import Path

from tests.order import LONGEST, SHARING, group, missing, rank

TESTS = Path(__file__).parents[1]


def test_files_of_the_list_come_first_in_its_order() -> None:
    files = [TESTS / "unit/test_order.py", TESTS / LONGEST[1], TESTS.parent / "elsewhere.py", TESTS / LONGEST[0]]
    ordered = sorted(files, key=lambda file: rank(file, TESTS))
    assert ordered == [files[3], files[1], files[0], files[2]]


def test_every_file_of_the_list_is_there() -> None:
    assert missing(TESTS) == []


def test_files_that_share_a_system_are_one_group_that_begins_together() -> None:
    folder = SHARING[0]
    names = [f"{folder}/{path.name}" for path in sorted((TESTS / folder).glob("test_*.py"))]
    assert len(names) > 1
    assert {group(name) for name in names} == {folder}
    assert {rank(TESTS / name, TESTS) for name in names} == {LONGEST.index(folder)}
    assert group("engine/test_cli.py") == "engine/test_cli.py"
