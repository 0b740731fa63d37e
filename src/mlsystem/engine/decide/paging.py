"""Pages of a list: what a token says, and where the next page begins.

A token is the mark of the last item that was given out, and a mark is what the list is sorted by (a name, a time of creation and a key), so
it tells two items apart. A page begins behind the mark, whether its item is still there or not: what was there all the time comes once,
whatever is made and deleted meanwhile. Counting what was given out would pass over one item for each that was deleted.

What clients hold is sealed by the front (`front/page_tokens.py`), for all operations alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from mlsystem.engine.decide.errors import AwsError, EngineError

T = TypeVar("T")
# As much of a list as can be asked for.
LONGEST = 2**31
Mark = tuple[float | str, ...]


class ForeignToken(EngineError):
    """This list gave out no such token. The front answers it with the code that AWS has for it."""


class Recorded(Protocol):
    """A record, as lists in the order of their creation are sorted."""

    @property
    def created_at(self) -> float: ...
    @property
    def key(self) -> str: ...


def by_creation(item: Recorded) -> Mark:
    return (item.created_at, item.key)


def by_key(item: Recorded) -> Mark:
    return (item.key,)


def by_itself(item: str | int) -> Mark:
    return (item,)


def by_member(*names: str) -> Callable[[Mapping[str, Any]], Mark]:
    """By members that are texts or numbers; what an item lacks comes first."""
    return lambda item: tuple(item.get(name, "") for name in names)


def token_of(mark: Mark) -> str:
    return json.dumps(list(mark), ensure_ascii=False, separators=(",", ":"))


def read_mark(token: str | None) -> Mark | None:
    """None without a token. Raises ForeignToken."""
    if token is None:
        return None
    try:
        mark = json.loads(token)
    except ValueError as error:
        raise ForeignToken(f"the token {token!r} is no mark of an item") from error
    if not isinstance(mark, list) or not mark or not all(isinstance(part, str | float | int) for part in mark):
        raise ForeignToken(f"the token {token!r} is no mark of an item")
    return tuple(mark)


def take(
    items: Iterable[T], token: str | None, size: int, mark: Callable[[T], Mark], *, descending: bool = False
) -> tuple[list[T], str | None]:
    """At most `size` items behind the token, and the token of the next page. `items` are sorted by `mark` and read as far as needed.

    Raises ForeignToken.
    """
    last = read_mark(token)
    behind = items if last is None else (item for item in items if _is_behind(mark(item), last, descending))
    found = list(islice(behind, min(size, LONGEST) + 1))
    return found[:size], token_of(mark(found[size - 1])) if len(found) > size else None


def _is_behind(mark: Mark, last: Mark, descending: bool) -> bool:
    try:
        return mark < last if descending else mark > last
    except TypeError as error:
        raise ForeignToken("the token is of a list that is sorted by something else") from error


@dataclass(frozen=True)
class Paging:
    """How a service names the members of its lists; `usual` is how long a page is of which the request says nothing."""

    usual: int
    size: str = "MaxResults"
    token: str = "NextToken"  # noqa: S105 (the name of a member)
    next_token: str = "NextToken"  # noqa: S105

    def take(
        self,
        items: Iterable[T],
        request: Mapping[str, Any],
        mark: Callable[[T], Mark],
        *,
        descending: bool = False,
    ) -> tuple[list[T], dict[str, object]]:
        """The items of the page, and the member that tells of the next one. Raises AwsError for a page of less than nothing."""
        size = int(request.get(self.size) or self.usual)
        if size < 0:
            raise AwsError("ValidationException", f"{self.size} must be at least 1, not {size}.")
        found, token = take(items, request.get(self.token), size, mark, descending=descending)
        return found, {} if token is None else {self.next_token: token}

    def page(
        self,
        items: Iterable[T],
        request: Mapping[str, Any],
        result: str,
        mark: Callable[[T], Mark],
        show: Callable[[T], object] = lambda item: item,
        *,
        descending: bool = False,
    ) -> dict[str, object]:
        """`{result: [...], next_token: ...}`: what a List operation answers."""
        found, more = self.take(items, request, mark, descending=descending)
        return {result: [show(item) for item in found], **more}
