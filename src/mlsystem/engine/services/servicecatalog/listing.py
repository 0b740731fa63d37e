"""Pages, tags and times as Service Catalog answers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.paging import Paging

PAGES = Paging(20, "PageSize", "PageToken", "NextPageToken")


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def retagged(
    tags: Mapping[str, str], added: Iterable[Mapping[str, Any]], removed: Iterable[str] = ()
) -> dict[str, str]:
    kept = {key: value for key, value in tags.items() if key not in set(removed)}
    return {**kept, **{tag["Key"]: tag["Value"] for tag in added}}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
