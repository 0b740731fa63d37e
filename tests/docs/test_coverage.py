"""docs/coverage.md is what the rooms say of themselves, and what they say holds against AWS's models."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsystem.engine.contract import Room
from mlsystem.engine.coverage import faults, page, wired_rooms
from mlsystem.engine.permission import Permissions
from mlsystem.engine.services.cloudformation.room import TYPES

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


@pytest.fixture(scope="module")
def rooms() -> tuple[Room, ...]:
    return wired_rooms()


def test_the_page_is_what_the_code_says(rooms: tuple[Room, ...]) -> None:
    command = "python -m mlsystem.engine.coverage > docs/coverage.md"
    assert PAGE.read_text() == page(rooms, TYPES), f"docs/coverage.md is old; make it anew: {command}"


def test_every_operation_and_member_is_one_of_aws_and_every_required_member_is_taken(rooms: tuple[Room, ...]) -> None:
    assert list(faults(rooms)) == []


def test_an_operation_that_aws_does_not_have_is_a_fault(rooms: tuple[Room, ...]) -> None:
    room = next(room for room in rooms if room.service == "sts")
    mark, handler = next(iter(room.operations.values()))
    made_up = Room("sts", [], Permissions("sts", {}))
    made_up.operations["Fly"] = (mark, handler)
    assert list(faults([made_up])) == ["sts has no operation Fly"]
