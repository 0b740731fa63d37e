"""Times in the answers of AWS's API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from mlsystem.client.timestamps import read_timestamp

AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        AT.timestamp(),
        int(AT.timestamp()),
        str(AT.timestamp()),
        "2026-03-29T01:30:00Z",
        "2026-03-29T01:30:00.000Z",
        "2026-03-29T03:30:00+02:00",
        "20260329T013000Z",
        "Sun, 29 Mar 2026 01:30:00 GMT",
    ],
)
def test_each_way_in_which_services_tell_a_time_is_read_as_utc(told: Any) -> None:
    found = read_timestamp(told)
    assert (found, found.tzinfo) == (AT, UTC)
    assert found == parse_timestamp(told)


def test_a_moment_that_the_machine_s_clock_cannot_tell_is_read_too() -> None:
    assert read_timestamp(-1e10) == datetime(1653, 2, 10, 6, 13, 20, tzinfo=UTC)
    assert read_timestamp("0001-01-01T00:00:00Z") == datetime(1, 1, 1, tzinfo=UTC)


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        read_timestamp("yesterday")
