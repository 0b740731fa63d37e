"""How many calls a caller may make, under a clock that is moved by hand."""

from __future__ import annotations

import pytest

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front import pace
from mlsystem.engine.front.pace import Pace

ONE, OTHER = (Principal(f"arn:aws:iam::000000000000:role/{name}", "000000000000") for name in ("one", "other"))


class Hands:
    """A clock."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_burst_is_served_and_then_what_the_rate_allows() -> None:
    clock = Hands()
    counted = Pace(10, clock)
    assert _served(counted, ONE, 100) == 50
    clock.seconds += 1
    assert _served(counted, ONE, 100) == 10
    clock.seconds += 3600
    assert _served(counted, ONE, 100) == 50


def test_one_caller_costs_another_nothing() -> None:
    counted = Pace(10, Hands())
    assert _served(counted, ONE, 1000) == 50
    assert _served(counted, OTHER, 1000) == 50


def test_less_than_one_call_a_second_is_a_rate_too() -> None:
    clock = Hands()
    counted = Pace(0.1, clock)
    assert _served(counted, ONE, 5) == 1
    clock.seconds += 10
    assert _served(counted, ONE, 5) == 1


@pytest.mark.parametrize(
    ("signing_name", "code", "status"),
    [
        ("sagemaker", "ThrottlingException", 400),
        ("states", "ThrottlingException", 400),
        ("iam", "Throttling", 400),
        ("ec2", "RequestLimitExceeded", 503),
        ("lambda", "TooManyRequestsException", None),
        ("scheduler", "ThrottlingException", None),
        ("sns", "ThrottledException", None),
        ("s3", "SlowDown", 503),
    ],
)
def test_each_service_says_it_in_its_own_words(signing_name: str, code: str, status: int | None) -> None:
    counted = Pace(0.1, Hands())
    counted.count(ONE, signing_name)
    with pytest.raises(AwsError, match="--calls-per-second") as error:
        counted.count(ONE, signing_name)
    assert (error.value.code, error.value.status) == (code, status)


def test_callers_that_are_gone_are_forgotten_and_those_at_their_limit_are_not() -> None:
    clock = Hands()
    counted = Pace(1, clock)
    for number in range(pace.MOST_BUCKETS - 1):
        counted.count(Principal(f"arn:{number}", "000000000000"), "s3")
    clock.seconds += 60
    assert _served(counted, ONE, 10) == 5
    counted.count(OTHER, "s3")
    assert len(counted) == 2
    assert _served(counted, ONE, 10) == 0


def _served(counted: Pace, caller: Principal, calls: int) -> int:
    served = 0
    for _ in range(calls):
        try:
            counted.count(caller, "sagemaker")
        except AwsError:
            continue
        served += 1
    return served
