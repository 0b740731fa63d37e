"""Every page of a system in production, on a desk and on a phone: it is there, and everybody can use it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlsystem.console.navigation import GROUPS
from tests.browsing import SIZES, Person
from tests.small_project import NAME

PATHS = [path for _, group in GROUPS for _, path in group]


@pytest.mark.parametrize("size", SIZES)
def test_every_section_of_a_project_is_a_page_for_everybody(person: Callable[..., Person], size: str) -> None:
    one = person(SIZES[size])
    for path in PATHS:
        one.visit(f"/{NAME}{path}")
        one.charts_drawn()
        one.check()
