"""How often each category occurs: what categorical distances compare."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CategoryCounts:
    """Rows by category. `total` counts every row with a value, also those of categories too rare to be listed."""

    counts: Mapping[str, int]
    total: int
