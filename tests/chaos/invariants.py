"""What must be true after a chaos run, whatever happened in it. Each function says what is not, in a sentence a thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from tests.chaos.evidence import Evidence, Happened

Invariant = Callable[[Evidence], Iterator[str]]

# Captured requests are flushed each quarter of a second (docs/reliability.md#what-survives-a-crash): with what a busy machine adds.
FLUSH_SECONDS = 0.75
# Envoy outlives its shim for a moment, in which it still answers.
DYING_SECONDS = 0.5
# Kinds of faults by what they may spoil.
ENGINE_DIES = ("kill_engine", "kill_at_point", "stop_engine", "full_disk", "read_only_disk")
NOT_HEARD = (*ENGINE_DIES, "lose_outcomes", "repeat_actions")
ENDS_A_JOB = ("kill_job", "kill_job_shim", "kill_function", "kill_function_shim", "full_disk", "read_only_disk")
ENDS_AN_INSTANCE = ("kill_instance", "kill_instance_shim", "stop_instance", "full_disk", "read_only_disk")
ENDS_THE_DOOR = ("kill_door", "kill_door_shim")
TERMINAL = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed"}


def acknowledged_objects_are_there_and_whole(seen: Evidence) -> Iterator[str]:
    for key, allowed in sorted(seen.may_be.items()):
        found = seen.objects.get(key)
        if found not in allowed:
            yield f"object {key} is {_shown(found)}, and not {' or '.join(sorted(map(_shown, allowed)))}"
    yield from (f"object {key} was never put" for key in sorted(seen.objects.keys() - seen.may_be.keys()))


def each_started_execution_ends_once(seen: Evidence) -> Iterator[str]:
    names = [one.name for one in seen.executions]
    yield from (f"execution {name} was acknowledged and is not there" for name in sorted(seen.started - set(names)))
    yield from (f"execution {name} is there {names.count(name)} times" for name in set(names) if names.count(name) > 1)
    for one in seen.executions:
        if one.status not in TERMINAL:
            yield f"execution {one.name} is {one.status}"
        elif one.last_events != (TERMINAL[one.status],):
            yield f"execution {one.name} is {one.status}, and its history ends with {one.last_events}"


def each_execution_ends_truthfully(seen: Evidence) -> Iterator[str]:
    for one in (one for one in seen.executions if one.status in TERMINAL):
        is_done = one.job == "Completed" and one.result == one.wanted
        if (one.status == "SUCCEEDED") != is_done:
            yield f"execution {one.name} is {one.status}, its job {one.job or 'never was'}, its result {one.result!r} for {one.wanted!r}"
        if one.status == "FAILED" and not one.cause:
            yield f"execution {one.name} does not say why it failed"
        if one.status == "FAILED" and not _any(seen, ENDS_A_JOB):
            yield f"execution {one.name} failed, and nothing was done to its programs: {one.cause}"


def no_job_runs_twice(seen: Evidence) -> Iterator[str]:
    for one in seen.executions:
        if one.lines > 1 or (one.job == "Completed" and one.lines != 1):
            yield f"the program of {one.name} ({one.job}) ran {one.lines} times"


def no_mail_is_lost_or_sent_twice_without_need(seen: Evidence) -> Iterator[str]:
    """A second one needs a reason between the two: that the engine cannot know that the first was taken."""
    sent: dict[str, list[float]] = {}
    for mark, moment in seen.mails:
        sent.setdefault(mark, []).append(moment)
    yield from (f"no mail tells of {mark}" for mark in sorted(seen.published - sent.keys()))
    for mark, moments in sorted(sent.items()):
        for first, second in pairwise(sorted(moments)):
            is_needed = any(first - 0.5 <= moment <= second for moment in seen.unheard) or any(
                fault.kind in NOT_HEARD and _overlaps(fault, first - 0.5, second) for fault in seen.faults
            )
            if not is_needed:
                yield f"the mail of {mark} was sent twice, {second - first:.1f} s apart, for no reason"


def traffic_goes_only_to_versions_that_are_allowed_it(seen: Evidence) -> Iterator[str]:
    yield from seen.wrong_answers
    for one in seen.answers:
        if one.version not in ("1", "2"):
            yield f"request {one.number} was answered by {one.version}"
        elif one.version == "2" and (seen.shift_asked is None or one.answered < seen.shift_asked):
            yield f"request {one.number} was answered by version 2 before anybody asked for it"
    if seen.status != "InService":
        yield f"the endpoint is {seen.status}: {seen.failure}"
    if seen.versions_after != {seen.config[-1]}:
        yield f"the endpoint has {seen.config}, and is answered by {sorted(seen.versions_after)}"
    if seen.is_shift_acknowledged and seen.config != "config-2" and not (seen.failure and _any(seen, ENDS_AN_INSTANCE)):
        yield f"the update was acknowledged, and the endpoint has {seen.config}: {seen.failure or 'without a reason'}"


def answered_requests_are_captured_once(seen: Evidence) -> Iterator[str]:
    kills = [fault.began for fault in seen.faults if fault.kind in ENDS_THE_DOOR]
    for one in seen.answers:
        is_unflushed = any(one.asked - DYING_SECONDS <= kill <= one.answered + FLUSH_SECONDS for kill in kills)
        if one.number not in seen.captured and not is_unflushed:
            ahead = ", ".join(f"{kill - one.answered:.2f} s" for kill in kills) or "not at all"
            yield f"request {one.number} was answered and is not captured; the door was killed later by: {ahead}"
    yield from (f"request {number} is captured {count} times" for number, count in seen.captured.items() if count > 1)


def a_second_engine_is_refused(seen: Evidence) -> Iterator[str]:
    """On a disk that it cannot write it does not learn that there is another one, and says what it does learn."""
    told = ("already running", "Read-only file system") if _any(seen, ("read_only_disk",)) else ("already running",)
    for status, words in seen.second_engines:
        if status != 3 or not any(word in words for word in told):
            yield f"a second engine ended with {status}: {words}"


def the_engine_ends_only_when_it_is_made_to(seen: Evidence) -> Iterator[str]:
    yield from seen.engine_ends


def the_audit_trail_holds(seen: Evidence) -> Iterator[str]:
    yield from seen.audit_problems


def nothing_is_left_over(seen: Evidence) -> Iterator[str]:
    yield from (f"left over: {name}" for name in seen.leftovers)


def no_process_is_left_after_down(seen: Evidence) -> Iterator[str]:
    yield from (f"runs after the end: {name}" for name in seen.orphans)


INVARIANTS: tuple[Invariant, ...] = (
    acknowledged_objects_are_there_and_whole,
    each_started_execution_ends_once,
    each_execution_ends_truthfully,
    no_job_runs_twice,
    no_mail_is_lost_or_sent_twice_without_need,
    traffic_goes_only_to_versions_that_are_allowed_it,
    answered_requests_are_captured_once,
    a_second_engine_is_refused,
    the_engine_ends_only_when_it_is_made_to,
    the_audit_trail_holds,
    nothing_is_left_over,
    no_process_is_left_after_down,
)


def broken(seen: Evidence) -> list[str]:
    """Every invariant that does not hold, with the first few things that show it."""
    return [f"{one.__name__}: {told}" for one in INVARIANTS for told in list(one(seen))[:3]]


def _any(seen: Evidence, kinds: Sequence[str]) -> bool:
    return any(fault.kind in kinds for fault in seen.faults)


def _overlaps(fault: Happened, since: float, until: float) -> bool:
    return fault.began <= until and fault.ended >= since


def _shown(body: bytes | None) -> str:
    return "absent" if body is None else f"{body[:12]!r} ({len(body)} bytes)"
