"""A round of the soak comes to its end, and what grows from round to round is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.soak import Look, Soak, grown, growth, told
from tests.system import System

pytestmark = pytest.mark.measured
FIRST = Look(
    minutes=1.0,
    requests=100,
    engine_mb=200.0,
    door_mb=70.0,
    all_mb=1900.0,
    engine_files=80,
    door_files=70,
    threads=50,
    processes=140,
    folder_mb=300.0,
)


def test_a_round_brings_two_versions_into_production_and_refuses_nobody(system: System) -> None:
    [look] = Soak(system).run(minutes=0.0)
    assert look.requests > 100
    assert look.processes > 10
    assert min(look.engine_mb, look.door_mb, look.engine_files, look.threads, look.folder_mb) > 0
    assert look.all_mb > look.engine_mb + look.door_mb


@pytest.mark.parametrize("name", ["engine_mb", "all_mb", "engine_files", "door_files", "threads", "processes"])
def test_what_grows_with_each_round_is_told(name: str) -> None:
    per_round = getattr(FIRST, name) * 0.15
    looks = [replace(FIRST, **{name: getattr(FIRST, name) + number * per_round}) for number in range(12)]
    assert grown(looks) == [name]
    assert growth(looks)[name] > 1.2
    assert told(looks)[-1] == f"not flat: {name}"


def test_what_fills_up_at_first_and_differs_a_little_is_flat() -> None:
    looks = [replace(FIRST, engine_mb=100.0 + 30 * min(number, 3), processes=140 + number % 3) for number in range(12)]
    assert grown(looks) == []
    assert told(looks)[-1] == "flat"


def test_what_comes_and_goes_in_waves_is_flat_and_waves_that_rise_are_not() -> None:
    waves = [1900.0 + 100 * min(number % 20, 12) for number in range(41)]
    looks = [replace(FIRST, all_mb=height) for height in waves]
    assert grown(looks) == []
    rising = [replace(look, all_mb=look.all_mb * (1 + number / 60)) for number, look in enumerate(looks)]
    assert grown(rising) == ["all_mb"]


def test_of_few_rounds_nothing_is_told() -> None:
    with pytest.raises(ValueError, match="tell nothing"):
        growth([FIRST] * 5)
    assert told([FIRST] * 5)[-1].endswith("is not told")
