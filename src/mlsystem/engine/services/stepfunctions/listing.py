"""Pages and times as Step Functions answers them."""

from __future__ import annotations

from datetime import UTC, datetime

from mlsystem.engine.decide.paging import Paging

# With `maxResults` of 0, as without it, a page has this many.
PAGES = Paging(1000, "maxResults", "nextToken", "nextToken")


def when(seconds: float) -> datetime:
    """A time stamp as AWS answers it."""
    return datetime.fromtimestamp(seconds, UTC)
