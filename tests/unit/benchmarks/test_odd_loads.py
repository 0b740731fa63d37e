"""What an endpoint must stand is judged as it is promised."""

from __future__ import annotations

import pytest

from benchmarks.odd_loads import MOST_MEGABYTES_MORE, problems


def _found(errors: int = 0, megabytes_more: float = 0.0) -> dict[str, dict[str, object]]:
    held = {"Envoy": {"before": 100.0, "after": 100.0 + megabytes_more}, "workers": {"before": 90.0, "after": 60.0}}
    return {
        "1,000 connections": {"requests": 5, "errors": errors},
        "many requests": {"requests": 5, "errors": 0, "megabytes": held},
    }


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (_found(), []),
        (_found(errors=1), ["1,000 connections: 1 errors"]),
        (_found(megabytes_more=MOST_MEGABYTES_MORE), []),
        (_found(megabytes_more=MOST_MEGABYTES_MORE + 1), ["Envoy holds 33 MB more"]),
    ],
)
def test_an_error_and_a_growing_memory_are_told(found: dict[str, dict[str, object]], told: list[str]) -> None:
    assert problems(found) == told
