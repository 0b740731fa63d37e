"""Filters, order and pages of SageMaker's List operations, which are alike for every kind of thing.

In the order of their changes, a record that changes meanwhile may come twice or not at all, as with AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from mlsystem.engine.decide.paging import Mark, Paging, by_creation, by_key, read_mark
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

R = TypeVar("R", bound=Record)

FILTERS = """NextToken MaxResults NameContains SortBy SortOrder CreationTimeAfter CreationTimeBefore
    LastModifiedTimeAfter LastModifiedTimeBefore"""
PAGES = Paging(100)
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
    ordered = _ordered(tx, model, request, parent)
    found = (one for one in ordered if wanted(one) and _matches(one, request))
    mark = _mark(str(request.get("SortBy", "CreationTime"))) or by_creation
    return PAGES.page(found, request, result, mark, summary, descending=_is_newest_first(request))


def _ordered(tx: Transaction, model: type[R], request: Mapping[str, Any], parent: str | None) -> Iterator[R]:
    is_newest_first, state = _is_newest_first(request), request.get("StatusEquals")
    mark = _mark(str(request.get("SortBy", "CreationTime")))
    if mark is None:
        last = read_mark(request.get("NextToken"))
        return tx.each(model, parent=parent, state=state, newest_first=is_newest_first, after=last)
    return iter(sorted(tx.each(model, parent=parent, state=state), key=mark, reverse=is_newest_first))


def _is_newest_first(request: Mapping[str, Any]) -> bool:
    return request.get("SortOrder") != "Ascending"


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


def _mark(sort_by: str) -> Callable[[Record], Mark] | None:
    """None: in the order in which the database has them, of their creation."""
    match sort_by:
        case "Name":
            return by_key
        case "Status":
            return lambda record: (record.state, record.key)
        case "LastModifiedTime":
            return lambda record: (record.updated_at, record.key)
        case _:
            return None
