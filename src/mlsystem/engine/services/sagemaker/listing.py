"""Filters, order and pages of SageMaker's List operations, which are alike for every kind of thing.

A token is the number of records that were given out already: a list that grows meanwhile may repeat one, never hide one, as with AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

R = TypeVar("R", bound=Record)

FILTERS = """NextToken MaxResults NameContains SortBy SortOrder CreationTimeAfter CreationTimeBefore
    LastModifiedTimeAfter LastModifiedTimeBefore"""
DEFAULT_PAGE = 100
# For operations that list so unless they are told otherwise.
OLDEST_FIRST: dict[str, Any] = {"SortOrder": "Ascending"}


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
    parent: str | None = None,
) -> dict[str, object]:
    """The response of a List operation: `{result: [...], NextToken}`. Newest first unless SortOrder says otherwise.

    By the time of creation, as most ask, records are read as far as the page goes.
    """
    start = _offset(request.get("NextToken"))
    size = int(request.get("MaxResults", DEFAULT_PAGE))
    ordered = _ordered(tx, model, request, parent)
    found = list(islice((one for one in ordered if wanted(one) and _matches(one, request)), start, start + size + 1))
    response: dict[str, object] = {result: [summary(record) for record in found[:size]]}
    if len(found) > size:
        response["NextToken"] = str(start + size)
    return response


def _ordered(tx: Transaction, model: type[R], request: Mapping[str, Any], parent: str | None) -> Iterator[R]:
    by = str(request.get("SortBy", "CreationTime"))
    is_newest_first = request.get("SortOrder") != "Ascending"
    state = request.get("StatusEquals")
    key = _sort_key(by)
    if key is None:
        return tx.each(model, parent=parent, state=state, newest_first=is_newest_first)
    return iter(sorted(tx.each(model, parent=parent, state=state), key=key, reverse=is_newest_first))


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


def _sort_key(sort_by: str) -> Callable[[Record], tuple[Any, str]] | None:
    """None: in the order in which the database has them, of their creation."""
    match sort_by:
        case "Name":
            return lambda record: (record.key, "")
        case "Status":
            return lambda record: (record.state, record.key)
        case "LastModifiedTime":
            return lambda record: (record.updated_at, record.key)
        case _:
            return None


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise AwsError("ValidationException", f"The NextToken {token!r} is not one that was given out.")
    return int(token)
