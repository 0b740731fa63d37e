"""Wait states. https://states-language.net/spec.html#wait-state"""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.states import TimerFired
from mlsystem.engine.decide.states.timestamps import parse_timestamp
from tests.unit.engine.decide.states.player import START, Player, jsonata, machine, one

LATER = "2030-03-14T01:59:00Z"


def test_seconds_are_a_duration_that_a_time_scale_may_divide() -> None:
    played = Player(one({"Type": "Wait", "Seconds": 10}), {"a": 1})
    timer = played.timer("wait")
    assert (timer.after_seconds, timer.at) == (10, None)
    assert played.outcome is None
    played.fire("wait")
    assert played.output == {"a": 1}
    assert played.types == [
        "ExecutionStarted",
        "WaitStateEntered",
        "WaitStateExited",
        "ExecutionSucceeded",
    ]


def test_a_timestamp_is_an_instant() -> None:
    played = Player(one({"Type": "Wait", "Timestamp": LATER}))
    assert (played.timer("wait").after_seconds, played.timer("wait").at) == (None, parse_timestamp(LATER))
    played.fire("wait")
    assert played.output == {}


def test_seconds_path_and_expression_give_the_seconds() -> None:
    assert Player(one({"Type": "Wait", "SecondsPath": "$.s"}), {"s": 7}).timer().after_seconds == 7
    expression = {"Type": "Wait", "Seconds": "{% $states.input.s + 1 %}"}
    assert Player(jsonata(expression), {"s": 7}).timer().after_seconds == 8


def test_timestamp_path_and_expression_give_the_instant() -> None:
    assert Player(one({"Type": "Wait", "TimestampPath": "$.t"}), {"t": LATER}).timer().at == parse_timestamp(LATER)
    expression = {"Type": "Wait", "Timestamp": "{% $states.input.t %}"}
    assert Player(jsonata(expression), {"t": LATER}).timer().at == parse_timestamp(LATER)


def test_no_seconds_do_not_wait() -> None:
    assert Player(one({"Type": "Wait", "Seconds": 0}), 5).output == 5


def test_an_instant_in_the_past_is_due_at_once() -> None:
    played = Player(one({"Type": "Wait", "Timestamp": "2016-03-14T01:59:00Z"}))
    assert (played.timer().at or 0) < START


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-1, "The SecondsPath parameter references a negative value: $.s == -1"),
        (1.5, "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"),
        ("9", 'The SecondsPath parameter cannot be parsed as a long value: $.s == "9"'),
        (2**31, "Wait state delay is too long."),
    ],
)
def test_seconds_from_a_path_must_be_a_non_negative_integer(value: Any, words: str) -> None:
    played = Player(one({"Type": "Wait", "SecondsPath": "$.s"}), {"s": value})
    assert played.error == "States.Runtime"
    assert played.cause.endswith(words)


def test_a_seconds_path_that_finds_nothing_is_a_runtime_error() -> None:
    played = Player(one({"Type": "Wait", "SecondsPath": "$.s"}))
    assert played.cause.endswith("The SecondsPath parameter does not reference an input value: $.s")


@pytest.mark.parametrize("value", [-1, 1.5])
def test_seconds_from_an_expression_must_be_a_non_negative_integer(value: float) -> None:
    state = {"Type": "Wait", "Seconds": "{% $states.input %}"}
    assert Player(jsonata(state), value).error == "States.QueryEvaluationError"


@pytest.mark.parametrize(
    "text", ["2030-13-05T21:29:29Z", "2030-12-05T25:29:29Z", "2030-12-05 21:29:29Z", "2030-12-05T21:29:29"]
)
def test_a_timestamp_must_be_rfc_3339(text: str) -> None:
    played = Player(one({"Type": "Wait", "TimestampPath": "$.t"}), {"t": text})
    assert played.error == "States.Runtime"
    assert "does not reference a valid ISO-8601 extended offset date-time format string: $.t == " + text in played.cause
    played = Player(jsonata({"Type": "Wait", "Timestamp": "{% $states.input.t %}"}), {"t": text})
    assert played.error == "States.QueryEvaluationError"


def test_fractions_and_offsets_belong_to_timestamps() -> None:
    assert parse_timestamp("2030-12-05T21:29:29.123456789Z") == parse_timestamp("2030-12-05T22:29:29.123456+01:00")


def test_a_wait_of_more_than_68_years_is_too_long() -> None:
    played = Player(one({"Type": "Wait", "Timestamp": "2099-01-01T00:00:00Z"}))
    assert played.cause.endswith("Wait state delay is too long.")


def test_paths_of_a_wait_state_apply_when_it_is_left() -> None:
    state = {"Type": "Wait", "Seconds": 1, "InputPath": "$.a", "OutputPath": "$.b"}
    played = Player(one(state), {"a": {"b": 2}})
    played.fire()
    assert played.output == 2


def test_output_of_a_jsonata_wait_state_replaces_the_input() -> None:
    played = Player(jsonata({"Type": "Wait", "Seconds": 1, "Output": {"x": "{% $states.input.a %}"}}), {"a": 3})
    played.fire()
    assert played.output == {"x": 3}


def test_the_timer_that_fires_twice_counts_once() -> None:
    states = {"A": {"Type": "Wait", "Seconds": 5, "Next": "B"}, "B": {"Type": "Wait", "Seconds": 7, "End": True}}
    played = Player(machine(states))
    key = played.timer().key
    played.fire()
    step = played.send(TimerFired(key, played.tick()))
    assert (step.actions, step.history) == ((), ())
    assert played.timer().after_seconds == 7
