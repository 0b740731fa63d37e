"""The numbers of a throttle, as they come in a request or as the text of a patch. Pure."""

from __future__ import annotations

import math

from mlsystem.engine.decide.errors import AwsError


def burst_of(value: object) -> int:
    """Raises AwsError for what is no whole number from 0 up."""
    return int(_number(value, "burstLimit", is_whole=True))


def rate_of(value: object) -> float:
    """Raises AwsError for what is no number from 0 up."""
    return _number(value, "rateLimit")


def _number(value: object, name: str, *, is_whole: bool = False) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if math.isfinite(number) and number >= 0 and not (is_whole and number != int(number)):
        return number
    raise AwsError("BadRequestException", f"Invalid throttle: {name} must be a number from 0 up, not {value!r}.")
