"""What happened to a project, newest first, woven of what several services know: executions, approvals, deployments, retraining.

Each service gives its own list page by page. They are woven as far as all that were asked have been read; the cursor of the next page holds
for each of them its own token, and what was told last of it. So nothing is left out, and nothing is told twice, though something new
happens meanwhile.
"""

from __future__ import annotations

import base64
import json
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from mlsystem.client.errors import ClientFailure

PAGE, ENOUGH = 40, 25  # a page is not read on for the rest of so many
ROUNDS = 2  # so often a source is read on for one page, which may be shorter then
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    EXECUTION = "execution"
    APPROVAL = "approval"
    DEPLOYMENT = "deployment"
    SERVED = "served"  # a version of the API answers from now on
    RETRAINING = "retraining"


@dataclass(frozen=True)
class Happening:
    """`id` is unique in its kind; `who` an ARN or a name; `words` a reason, or what became of it; `about` what else a page tells."""

    at: datetime
    kind: Kind
    id: str
    status: str
    who: str = ""
    words: str = ""
    ended: datetime | None = None
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourcePage:
    """Newest first. `down_to`: what is not among them is not newer than this. `older` empty: that was all."""

    happenings: tuple[Happening, ...]
    down_to: datetime
    older: str = ""


Source = Callable[[str], SourcePage]  # of a token


@dataclass(frozen=True)
class Place:
    """How far a source was told: the token of its page, and the last that was told of it, by its time and id."""

    token: str = ""
    at: float = math.inf
    id: str = ""


@dataclass(frozen=True)
class HistoryPage:
    """Newest first; `older` is the cursor of the next page, empty on the last."""

    happenings: tuple[Happening, ...]
    older: str = ""


def page(sources: Mapping[Kind, Source], cursor: str = "", size: int = PAGE) -> HistoryPage:
    """One page of all `sources` together, which are asked at the same time. Raises ClientFailure for a cursor that was not given out."""
    places = _places(cursor) if cursor else {str(kind): Place() for kind in sources}
    threads = [_Thread(kind, sources[kind], places[kind]) for kind in sources if kind in places]
    told: list[Happening] = []
    with ThreadPoolExecutor(max(len(threads), 1)) as pool:
        for _ in range(ROUNDS):
            list(pool.map(_Thread.read_on, threads))
            _weave(threads, told, size)
            if len(told) >= min(size, ENOUGH) or all(thread.is_over for thread in threads):
                break
    left = {thread.kind: astuple(thread.place) for thread in threads if not thread.is_over}
    return HistoryPage(tuple(told), _cursor(left) if left else "")


def _weave(threads: Sequence[_Thread], told: list[Happening], size: int) -> None:
    """The newest head first, until one must be read further before it is known what comes next."""
    while len(told) < size:
        heads = [thread for thread in threads if thread.rest]
        unread = max((thread.down_to for thread in threads if not thread.rest and not thread.is_over), default=FIRST)
        newest = max(heads, key=lambda thread: thread.rest[0].at, default=None)
        if newest is None or newest.rest[0].at < unread:
            return
        told.append(newest.take())


class _Thread:
    """One source, from a place on. `rest` is what was read and not told yet."""

    def __init__(self, kind: Kind, source: Source, place: Place):
        self.kind = kind
        self.place = place
        self.rest: deque[Happening] = deque()
        self.down_to = FIRST
        self._source = source
        self._next: str | None = place.token

    @property
    def is_over(self) -> bool:
        return not self.rest and self._next is None

    def read_on(self) -> None:
        """The next page, once all of the last one has been told."""
        if self.rest or self._next is None:
            return
        found = self._source(self._next)
        self.place = replace(self.place, token=self._next)
        self._next = found.older or None
        self.down_to = found.down_to
        names = [one.id for one in found.happenings]
        begin = names.index(self.place.id) + 1 if self.place.id in names else 0
        # What was told last has moved on to another page, where new things came before it.
        fresh = [one for one in found.happenings[begin:] if one.at.timestamp() <= self.place.at]
        if not fresh and self._next is not None:  # nobody reads it again to find nothing in it
            self.place = replace(self.place, token=self._next)
        self.rest.extend(fresh)

    def take(self) -> Happening:
        one = self.rest.popleft()
        token = self.place.token if self.rest or self._next is None else self._next
        self.place = Place(token, one.at.timestamp(), one.id)
        return one


def _cursor(places: Mapping[Kind, tuple[str, float, str]]) -> str:
    """For a URL."""
    content = json.dumps({kind: (token, str(at), name) for kind, (token, at, name) in places.items()})
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _places(cursor: str) -> dict[str, Place]:
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {kind: Place(str(token), float(at), str(name)) for kind, (token, at, name) in content.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ClientFailure("this is no page of the history: begin at the newest") from error


def reached(happenings: Sequence[Happening]) -> datetime:
    """Of a source whose list is in the order of time: how far down it was read."""
    return min((one.at for one in happenings), default=FIRST)
