"""The short form of `make chaos RUNS=1000`: twenty lives of an engine under faults, in which every kind of fault has its turn."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.chaos.__main__ import chaos
from tests.chaos.faults import FAULTS, plan
from tests.chaos.run import Chaos

SEED, RUNS = 1, 20


@pytest.fixture(scope="module")
def lives() -> Iterator[Chaos]:
    with chaos() as made:
        yield made


def test_the_runs_have_every_kind_of_fault() -> None:
    planned = {one.kind for number in range(RUNS) for one in plan(random.Random(f"{SEED} {number}"), number)}
    assert planned == set(FAULTS)


def test_without_faults_there_is_something_of_everything_to_judge(lives: Chaos) -> None:
    counts = lives.peaceful.counts
    assert (counts["faults"], counts["succeeded"], counts["captured"] >= counts["answers"]) == (0, 2, True)
    assert min(counts[name] for name in ("objects", "answers", "mails")) > 0


@pytest.mark.parametrize("number", range(RUNS))
def test_all_that_was_acknowledged_is_true_afterwards(lives: Chaos, number: int) -> None:
    outcome = lives.run(SEED, number)
    again = f"{', '.join(outcome.faults)}: python -m tests.chaos --seed {SEED} --run {number}"
    assert outcome.broken == (), again
