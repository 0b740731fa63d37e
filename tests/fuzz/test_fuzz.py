"""The short form of `make fuzz`: some made-up inputs of every kind, the same each time."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import Tally, main, tell, try_inputs
from tests.fuzz.child import attempt
from tests.fuzz.kind import simple
from tests.fuzz.kinds import KINDS

SEED = 1
# Those that have an engine, in a process of its own; and those whose inputs each take a while.
ENGINES = {"operations": 600, "wire": 150}
SLOW = {"datasets": 20, "templates": 60}
INPUTS = 150


@pytest.mark.filterwarnings("ignore")  # of libraries, about what they are given
@pytest.mark.parametrize("name", sorted(KINDS.keys() - ENGINES.keys()))
def test_inputs_are_taken_or_refused(name: str) -> None:
    kind = KINDS[name]
    with kind.open() as session:
        found = [attempt(session, kind, SEED, number) for number in range(SLOW.get(name, INPUTS))]
    assert [told for _, _, told in found if told] == []
    assert "taken" in {outcome for outcome, _, _ in found}


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_an_engine_stands_them(name: str) -> None:
    tally = Tally()
    try_inputs(KINDS[name], SEED, 0, ENGINES[name], tally)
    assert tally.findings == {}
    assert (tally.inputs, tally.outcomes["2xx"] > 0) == (ENGINES[name], True)


BROKEN = simple("broken", lambda chance: chance.randrange(3), lambda given: 1 // given)


def test_what_is_found_comes_with_the_command_that_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    with BROKEN.open() as session:
        for number in range(30):
            outcome, signature, told = attempt(session, BROKEN, SEED, number)
            assert (outcome, signature, told) == attempt(session, BROKEN, SEED, number)
            if signature:
                tell(BROKEN, SEED, tally, signature, number, told)
    ((signature, (first, _)),) = tally.findings.items()
    assert signature.startswith("ZeroDivisionError")
    said = capsys.readouterr().out
    assert said.count("FOUND") == 1
    assert f"again: python -m tests.fuzz --kind broken --seed {SEED} --input {first}" in said


def test_the_command_tries_one_input_after_those_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kind", "schedules", "--seed", "1", "--input", "5"]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:2]] == [["schedules", "6"]]
