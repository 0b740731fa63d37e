"""Pages, tags and times as Service Catalog answers them. A token is the number of items that were given out already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.errors import AwsError

DEFAULT_PAGE = 20


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def page(found: Sequence[Mapping[str, object]], request: Mapping[str, Any], member: str) -> dict[str, object]:
    """`{member: [...], NextPageToken}`."""
    token = str(request.get("PageToken", "0"))
    if not token.isdecimal():
        raise AwsError("InvalidParametersException", f"The PageToken {token!r} is not one that was given out.")
    start, size = int(token), int(request.get("PageSize") or DEFAULT_PAGE)
    answer: dict[str, object] = {member: list(found[start : start + size])}
    if start + size < len(found):
        answer["NextPageToken"] = str(start + size)
    return answer


def retagged(
    tags: Mapping[str, str], added: Iterable[Mapping[str, Any]], removed: Iterable[str] = ()
) -> dict[str, str]:
    kept = {key: value for key, value in tags.items() if key not in set(removed)}
    return {**kept, **{tag["Key"]: tag["Value"] for tag in added}}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
