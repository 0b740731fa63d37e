"""Filters, order and pages of SageMaker's List operations, which are alike for every kind of thing.

A token is the number of records that were given out already: a list that grows meanwhile may repeat one, never hide one, as with AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

R = TypeVar("R", bound=Record)

FILTERS = """NextToken MaxResults NameContains SortBy SortOrder CreationTimeAfter CreationTimeBefore
    LastModifiedTimeAfter LastModifiedTimeBefore"""
DEFAULT_PAGE = 100


def when(seconds: float) -> datetime:
    """A time stamp as AWS answers it."""
    return datetime.fromtimestamp(seconds, UTC)


def page(
    tx: Transaction,
    model: type[R],
    request: Mapping[str, Any],
    result: str,
    summary: Callable[[R], Mapping[str, object]],
    wanted: Callable[[R], bool] = lambda _: True,
) -> dict[str, object]:
    """The response of a List operation: `{result: [...], NextToken}`. Newest first unless SortOrder says otherwise."""
    found = [record for record in tx.all(model) if wanted(record) and _matches(record, request)]
    found.sort(
        key=_sort_key(str(request.get("SortBy", "CreationTime"))), reverse=request.get("SortOrder") != "Ascending"
    )
    start = _offset(request.get("NextToken"))
    size = int(request.get("MaxResults", DEFAULT_PAGE))
    response: dict[str, object] = {result: [summary(record) for record in found[start : start + size]]}
    if start + size < len(found):
        response["NextToken"] = str(start + size)
    return response


def _matches(record: Record, request: Mapping[str, Any]) -> bool:
    created, updated = when(record.created_at), when(record.updated_at)
    return (
        str(request.get("NameContains", "")).lower() in record.key.lower()
        and ("StatusEquals" not in request or record.state == request["StatusEquals"])
        and ("CreationTimeAfter" not in request or created > request["CreationTimeAfter"])
        and ("CreationTimeBefore" not in request or created < request["CreationTimeBefore"])
        and ("LastModifiedTimeAfter" not in request or updated > request["LastModifiedTimeAfter"])
        and ("LastModifiedTimeBefore" not in request or updated < request["LastModifiedTimeBefore"])
    )


def _sort_key(sort_by: str) -> Callable[[Record], tuple[Any, str]]:
    match sort_by:
        case "Name":
            return lambda record: (record.key, "")
        case "Status":
            return lambda record: (record.state, record.key)
        case "LastModifiedTime":
            return lambda record: (record.updated_at, record.key)
        case _:
            return lambda record: (record.created_at, record.key)


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise AwsError("ValidationException", f"The NextToken {token!r} is not one that was given out.")
    return int(token)
