"""The drill's verdicts: which endings are right, how much harm, for how long, by whom it was detected."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from mlsystem.client.drill.case import CASES, KNOWN_GOOD, Case, Ending
from mlsystem.client.drill.drill import Drill, Pause, await_quiet, chosen, first_share
from mlsystem.client.drill.usual import Usual, usual
from mlsystem.client.drill.verdict import Outcome, Verdict, judge
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.traffic import Answer, Query

OLD, NEW = "old-prd", "new-prd"
PERIOD = 6.0
LATER = Case("fails later", "errors:5", (Ending.ROLLED_BACK,))


def answer(at: float, version: str = OLD, said: str = "0.2", status: int = 200, seconds: float = 0.01) -> Answer:
    return Answer(Query(f"{at}", "row\n"), at, at + seconds, status, version, said)


USUAL = Usual(said={"row\n": 0.2}, spread=0.8, slow_seconds=0.25)


def over(case: Case, ending: Ending, answers: Sequence[Answer], ended: float = 10.0) -> Verdict:
    return judge(case, Outcome(ending, "alarm x", "why", NEW, ended), answers, USUAL, PERIOD, 0.1)


def tenth(begin: float, end: float, bad: dict[str, object]) -> list[Answer]:
    """A hundred requests a second, of which a tenth goes to the new version, whose answers are `bad`."""
    moments = [begin + number / 100 for number in range(int((end - begin) * 100))]
    return [
        answer(at, NEW, **bad) if number % 10 == 0 else answer(at)  # type: ignore[arg-type]
        for number, at in enumerate(moments)
    ]


@pytest.mark.parametrize("bad", [{"status": 502}, {"said": "0.999"}, {"seconds": 0.4}, {"said": "nan?"}])
def test_errors_wrong_answers_and_slow_ones_are_harm(bad: dict[str, object]) -> None:
    verdict = over(LATER, Ending.ROLLED_BACK, tenth(2, 10, bad))
    assert (verdict.to_new, verdict.harmed, verdict.problems) == (80, 80, ())
    assert verdict.harmed_share == pytest.approx(0.1, abs=0.002)
    assert verdict.bad_seconds == pytest.approx(7.9, abs=0.5)


def test_harm_that_goes_on_for_more_than_two_periods_is_a_problem() -> None:
    [problem] = over(LATER, Ending.ROLLED_BACK, tenth(2, 22, {"status": 502}), ended=22).problems
    assert problem.startswith("harm was done for 19.9 s, 16.0 s are two periods")


def test_more_harm_than_the_canarys_share_is_a_problem() -> None:
    answers = [
        answer(2 + number / 100, NEW if number % 4 == 0 else OLD, status=500 if number % 4 == 0 else 200)
        for number in range(800)
    ]
    [problem] = over(LATER, Ending.ROLLED_BACK, answers).problems
    assert problem.startswith("200 of ") and "at most" in problem


def test_another_ending_than_the_right_one_is_a_problem_with_its_reason() -> None:
    assert over(LATER, Ending.PROMOTED, tenth(2, 10, {})).problems == (
        "it was promoted, and had to be rolled back. why",
    )


def test_a_good_version_harms_nobody_but_may_be_slow_while_it_starts() -> None:
    assert over(KNOWN_GOOD, Ending.PROMOTED, tenth(2, 10, {"seconds": 0.4})).problems == ()
    [problem] = over(KNOWN_GOOD, Ending.PROMOTED, [*tenth(2, 10, {}), answer(10, status=503)]).problems
    assert problem == "1 requests were harmed, none may be"


def test_a_version_that_never_had_a_request_has_nothing_to_count() -> None:
    verdict = over(CASES[1], Ending.REFUSED, [answer(number / 100) for number in range(500)])
    assert (verdict.requests, verdict.to_new, verdict.harmed, verdict.problems) == (0, 0, 0, ())


def test_what_is_usual_is_learnt_from_what_serves() -> None:
    answers = [
        Answer(Query("i", f"{number}\n"), 0.0, 0.01 + number / 10_000, 200, OLD, f"no,{number / 100}\n")
        for number in range(100)
    ]
    found = usual(answers)
    assert found.spread == pytest.approx(0.99)
    assert found.said["50\n"] == 0.5
    assert found.slow_seconds == pytest.approx(0.22, abs=0.01)


def test_nothing_is_learnt_from_a_system_that_fails_already() -> None:
    with pytest.raises(ClientFailure, match="1 of 20 requests fail before anything was deployed: 503 busy"):
        usual([*(answer(number) for number in range(19)), answer(20, said="busy", status=503)])


def test_cases_are_chosen_by_name() -> None:
    assert chosen([]) == list(CASES)
    assert [case.fault for case in chosen(["leaks memory"])] == ["leak:12"]
    with pytest.raises(NotFound, match="no case 'boredom': there are 'known good'"):
        chosen(["boredom"])


@pytest.mark.parametrize(
    ("parameters", "share"),
    [
        ({"DeploymentType": "Canary10Percent5Minutes"}, 0.1),
        ({"DeploymentType": "Linear10PercentEvery1Minute", "ShiftPercent": ""}, 0.1),
        ({"DeploymentType": "my-config"}, 1.0),
        ({"DeploymentType": "Custom", "ShiftPercent": "25"}, 0.25),
    ],
)
def test_the_first_step_has_the_share_that_the_stage_says(parameters: dict[str, str], share: float) -> None:
    assert first_share(parameters) == share


class Practice(Drill):
    """Deploys nothing: each case ends as it is told to."""

    def __init__(self, *endings: Ending):
        self._endings = iter(endings)
        self.done: list[str] = []

    def _try(self, case: Case, rows: Sequence[str], known: Usual, pause: Pause) -> Verdict:
        self.done.append(case.name)
        return over(case, next(self._endings), tenth(2, 10, {}))

    def _restore(self, pause: Pause) -> Outcome:
        self.done.append("restored")
        return Outcome(Ending.PROMOTED, "", "", NEW, 0.0)

    def each(self, *cases: Case) -> None:
        list(self._each(cases, [], USUAL, lambda _words: None, lambda: None))


def test_what_a_case_wrongly_leaves_in_production_is_not_held_against_the_next() -> None:
    other = Case("other", "different", (Ending.PROMOTED,))
    drill = Practice(Ending.PROMOTED, Ending.ROLLED_BACK, Ending.PROMOTED, Ending.PROMOTED)
    drill.each(LATER, LATER, other, KNOWN_GOOD)
    assert drill.done == ["fails later", "restored", "fails later", "other", "known good"]


class Group:
    """A deployment group whose alarms are on for `looks`."""

    def __init__(self, looks: int):
        self.looks = looks

    def alarms_on(self) -> list[str]:
        self.looks -= 1
        return ["demo-api-5xx"] if self.looks >= 0 else []


def test_an_alarm_that_is_on_is_awaited_before_a_deployment() -> None:
    group = Group(3)
    await_quiet(group.alarms_on, PERIOD, lambda: None)
    assert group.looks < 0


def test_quiet_has_to_last() -> None:
    looks = iter([[], ["demo-api-5xx"], *([[]] * 1000)])
    seen: list[float] = []

    def look() -> list[str]:
        seen.append(time.monotonic())
        return next(looks)

    await_quiet(look, PERIOD, lambda: time.sleep(0.01), lasting_seconds=0.05)
    # Counted from a moment between the look that saw an alarm and the one after it.
    assert len(seen) > 2
    assert seen[-1] - seen[1] >= 0.05 - 0.01


def test_an_alarm_that_stays_on_ends_the_drill_by_name() -> None:
    with pytest.raises(ClientFailure, match=r"does not stay off \(demo-api-5xx\)"):
        await_quiet(Group(10**9).alarms_on, 0.001, lambda: None)
