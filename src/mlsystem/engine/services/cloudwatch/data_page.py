"""Pages of GetMetricData: so many data points, not so many results.

A result that a page cannot hold whole is there in part, with the status PartialData, and goes on in the next one.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.decide.paging import ForeignToken, read_mark, token_of

MOST_RESULTS = 500


def data_page(
    results: Sequence[Mapping[str, Any]], token: str | None, most: int, *, is_ascending: bool
) -> tuple[list[dict[str, Any]], str | None]:
    """A token is the number of a result, and the time of the last point that was given out of it, if any.

    Points that come meanwhile move none across the mark. Raises ForeignToken.
    """
    number, *last = _read(token)
    page: list[dict[str, Any]] = []
    while number < len(results) and len(page) < MOST_RESULTS:
        result = results[number]
        points = list(zip(result["Timestamps"], result["Values"], strict=True))
        if last:
            points = [
                one
                for one in points
                if (one[0].timestamp() > last[0]) is is_ascending and one[0].timestamp() != last[0]
            ]
        taken = points[:most]
        most -= len(taken)
        is_whole = len(taken) == len(points)
        status = "Complete" if is_whole else "PartialData"
        page.append({**result, **_columns(taken), "StatusCode": status})
        if not is_whole:
            return page, token_of((number, taken[-1][0].timestamp()))
        number, last = number + 1, []
        if not most:
            break
    return page, token_of((number,)) if number < len(results) else None


def _read(token: str | None) -> list[Any]:
    mark = read_mark(token) or (0,)
    if len(mark) > 2 or not isinstance(mark[0], int) or not all(isinstance(part, int | float) for part in mark):
        raise ForeignToken("the token is of another list")
    return list(mark)


def _columns(points: Sequence[tuple[Any, Any]]) -> dict[str, list[Any]]:
    return {"Timestamps": [at for at, _ in points], "Values": [value for _, value in points]}
