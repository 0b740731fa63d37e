"""How much of what was captured may wait to be shipped, and how much of it is shipped at once. Pure.

SageMaker stops capturing "at high levels of disk usage", so that requests are not disturbed; here, too, captures give way to requests.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlsystem.engine.dataplane.captured import Captured

MOST_WAITING_BYTES = 1 << 30
LEAST_FREE_BYTES = 256 << 20
BATCH_BYTES = 16 << 20


def excess(waiting: Sequence[tuple[Path, int]], free: int) -> list[Path]:
    """Of files with their sizes, oldest first, those that are too many; `free` is what is left on their disk, in bytes."""
    total = sum(size for _, size in waiting)
    dropped = []
    for path, size in waiting:
        if total <= MOST_WAITING_BYTES and free >= LEAST_FREE_BYTES:
            break
        dropped.append(path)
        total, free = total - size, free + size
    return dropped


def batches(records: Iterable[tuple[int, Captured]]) -> Iterator[list[tuple[int, Captured]]]:
    """Records of a file, with their offsets, cut after each so many bytes: always in the same places."""
    batch: list[tuple[int, Captured]] = []
    for at, record in records:
        if batch and at - batch[0][0] >= BATCH_BYTES:
            yield batch
            batch = []
        batch.append((at, record))
    if batch:
        yield batch
