"""July for a model of January: what production is asked then, what turned out, and what the monitor must say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from replay import ground_truths, requests_of

from mlsystem.client.traffic import Query

MONTH = 7
# A sample of the whole month: the flights of a few days would differ in their weekdays too.
EVERY, ROWS = 3, 10
MUST_DRIFT, MUST_NOT_DRIFT = "temp", ("carrier", "distance")


def queries() -> Iterator[Query]:
    """As many flights as a model can learn from."""
    for request in requests_of([MONTH], ROWS, EVERY):
        yield Query(request.inference_id, request.body)


def labels() -> list[str]:
    """Lines of ground truth."""
    return ground_truths(requests_of([MONTH], ROWS, EVERY))


def faults(verdicts: Mapping[str, str]) -> list[str]:
    """What the monitor has wrong; `verdicts` by feature."""
    expected = {MUST_DRIFT: "drifted", **dict.fromkeys(MUST_NOT_DRIFT, "not drifted")}
    return [
        f"the monitor says of {name} in July: {verdicts.get(name)}; it is {verdict}"
        for name, verdict in expected.items()
        if verdicts.get(name) != verdict
    ]
