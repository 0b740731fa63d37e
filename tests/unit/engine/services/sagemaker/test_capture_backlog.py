"""What may wait to be shipped: the oldest gives way, and no more than must."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsystem.engine.dataplane.captured import Captured
from mlsystem.engine.services.sagemaker.capture_backlog import (
    BATCH_BYTES,
    LEAST_FREE_BYTES,
    MOST_WAITING_BYTES,
    batches,
    excess,
)

PLENTY = 1 << 40
HALF = MOST_WAITING_BYTES // 2


@pytest.mark.parametrize(
    ("sizes", "free", "dropped"),
    [
        ([], 0, 0),
        ([HALF, HALF], PLENTY, 0),
        ([HALF, HALF, 1], PLENTY, 1),
        ([1, 1, MOST_WAITING_BYTES], PLENTY, 2),
        ([MOST_WAITING_BYTES + 1], PLENTY, 1),
        ([1000, 1000, 1000], LEAST_FREE_BYTES - 1500, 2),
        ([1000, 1000], 0, 2),
    ],
)
def test_the_oldest_give_way_until_there_is_room(sizes: list[int], free: int, dropped: int) -> None:
    waiting = [(Path(f"{place}"), size) for place, size in enumerate(sizes)]
    assert excess(waiting, free) == [path for path, _ in waiting[:dropped]]


def test_a_large_file_is_shipped_in_parts_that_are_always_the_same() -> None:
    record = Captured("e", "v", 0, "r", 200, b"", b"")
    offsets = [0, 10, BATCH_BYTES - 1, BATCH_BYTES, BATCH_BYTES + 5, 3 * BATCH_BYTES]
    parts = [[at for at, _ in batch] for batch in batches((at, record) for at in offsets)]
    assert parts == [offsets[:3], offsets[3:5], offsets[5:]]
    assert list(batches([])) == []
