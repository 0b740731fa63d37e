"""Each invariant is one that can be broken: what breaks it is told, and what only looks like it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.evidence import Answered, Evidence, Happened, Ran
from tests.chaos.invariants import INVARIANTS, broken

WELL = Ran("x0", "SUCCEEDED", job="Completed", result="0", wanted="0")
FAILED = Ran("x0", "FAILED", "it was killed", "Failed", ("ExecutionFailed",), 1, "", "0")
ASKED = Answered("r1", "1", 10.0, 10.1)


def _seen() -> Evidence:
    """A run in which all is well."""
    return Evidence(
        may_be={"k0": {b"a"}, "k1": {b"b", None}},
        objects={"k0": b"a"},
        started={"x0"},
        executions=[WELL],
        published={"mark-1"},
        mails=[("mark-1", 5.0)],
        answers=[ASKED],
        captured=Counter(["r1"]),
        versions_after={"1"},
        second_engines=[(3, "mlsystem: an engine is already running on /home (process 1)")],
    )


def _change(**members: object) -> Callable[[], Evidence]:
    return lambda: replace(_seen(), **members)  # type: ignore[arg-type]


BROKEN: dict[str, list[Callable[[], Evidence]]] = {
    "acknowledged_objects_are_there_and_whole": [
        _change(objects={}),
        _change(objects={"k0": b"half"}),
        _change(objects={"k0": b"a", "k9": b""}),
    ],
    "each_started_execution_ends_once": [
        _change(executions=[]),
        _change(executions=[WELL, WELL]),
        _change(executions=[replace(WELL, status="RUNNING")]),
        _change(executions=[replace(WELL, last_events=("ExecutionSucceeded", "ExecutionSucceeded"))]),
    ],
    "each_execution_ends_truthfully": [
        _change(executions=[replace(WELL, job="Failed")]),
        _change(executions=[replace(WELL, result="1")]),
        _change(executions=[FAILED]),
        _change(executions=[replace(FAILED, cause="")], faults=[Happened("kill_job", 1.0, 2.0)]),
        _change(executions=[replace(FAILED, job="Completed", result="0")], faults=[Happened("kill_job", 1.0, 2.0)]),
    ],
    "no_job_runs_twice": [
        _change(executions=[replace(WELL, lines=2)]),
        _change(executions=[replace(WELL, lines=0)]),
    ],
    "no_mail_is_lost_or_sent_twice_without_need": [
        _change(mails=[]),
        _change(mails=[("mark-1", 5.0), ("mark-1", 6.0)]),
        _change(mails=[("mark-1", 5.0), ("mark-1", 6.0)], faults=[Happened("kill_engine", 7.0, 8.0)]),
        _change(mails=[("mark-1", 5.0), ("mark-1", 6.0)], faults=[Happened("kill_door", 5.1, 5.2)]),
    ],
    "traffic_goes_only_to_versions_that_are_allowed_it": [
        _change(answers=[replace(ASKED, version="2")]),
        _change(answers=[replace(ASKED, version="2")], shift_asked=11.0),
        _change(wrong_answers=["request r2 got 'hello,1,r3'"]),
        _change(status="Failed"),
        _change(versions_after={"1", "2"}),
        _change(is_shift_acknowledged=True, shift_asked=1.0),
    ],
    "answered_requests_are_captured_once": [
        _change(captured=Counter()),
        _change(captured=Counter(["r1", "r1"])),
        _change(captured=Counter(), faults=[Happened("kill_door", 15.0, 15.0)]),
    ],
    "a_second_engine_is_refused": [
        _change(second_engines=[(0, "")]),
        _change(second_engines=[(3, "mlsystem: the engine fails: Read-only file system")]),
    ],
    "the_engine_ends_only_when_it_is_made_to": [_change(engine_ends=["the engine ended by itself with 1"])],
    "the_audit_trail_holds": [_change(audit_problems=["audit.jsonl, line 3: was changed"])],
    "nothing_is_left_over": [_change(leftovers=["work/jobs/x0"])],
    "no_process_is_left_after_down": [_change(orphans=["123: python3 /opt/program/serve"])],
}

EXCUSED: list[Callable[[], Evidence]] = [
    _seen,
    _change(
        second_engines=[(3, "mlsystem: the engine fails: Read-only file system")],
        faults=[Happened("read_only_disk", 1.0, 2.0)],
    ),
    _change(objects={"k0": b"a", "k1": b"b"}),
    _change(executions=[FAILED], faults=[Happened("kill_job", 1.0, 2.0)]),
    _change(mails=[("mark-1", 5.0), ("mark-1", 6.0)], faults=[Happened("kill_engine", 5.1, 5.2)]),
    _change(mails=[("mark-1", 5.0), ("mark-1", 6.0)], unheard=[5.0]),
    _change(answers=[replace(ASKED, version="2")], shift_asked=10.05),
    _change(captured=Counter(), faults=[Happened("kill_door", 10.6, 10.7)]),
]


def test_every_invariant_has_what_breaks_it() -> None:
    assert list(BROKEN) == [one.__name__ for one in INVARIANTS]


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_an_invariant_is_told(name: str) -> None:
    for make in BROKEN[name]:
        told = broken(make())
        assert {line.partition(":")[0] for line in told} == {name}, told


@pytest.mark.parametrize("make", EXCUSED)
def test_what_a_fault_explains_is_not_told(make: Callable[[], Evidence]) -> None:
    assert broken(make()) == []
