"""A throttle is made of numbers from 0 up, whether they come as numbers or as the text of a patch."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.apigateway.throttles import burst_of, rate_of


@pytest.mark.parametrize(("value", "rate"), [(0, 0.0), ("0", 0.0), ("2.5", 2.5), (10, 10.0), (1e3, 1000.0)])
def test_numbers_are_taken(value: object, rate: float) -> None:
    assert rate_of(value) == rate
    if rate == int(rate):
        assert (burst_of(value), type(burst_of(value))) == (int(rate), int)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "inf", "NaN", "-1", -1, "", "many", None, "1e999"])
def test_all_else_is_refused(value: object) -> None:
    for read, name in ((burst_of, "burstLimit"), (rate_of, "rateLimit")):
        with pytest.raises(AwsError, match=f"Invalid throttle: {name} must be a number from 0 up") as error:
            read(value)
        assert error.value.code == "BadRequestException"


def test_half_a_request_is_no_burst() -> None:
    with pytest.raises(AwsError, match="burstLimit"):
        burst_of("0.5")
