"""What happened to a project, newest first, woven of what several services know: executions, approvals, deployments, retraining.

Each service gives its own list page by page. A page of the history shows what all that were asked know from a moment on; its cursor
holds that moment and each service's token, so that the next page goes on where this one ended, without reading anything twice that it
need not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from mlsystem.client.errors import ClientFailure

PAGE = 40
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
    """`down_to`: nothing newer than this is missing. `older` empty: that was all."""

    happenings: tuple[Happening, ...]
    down_to: datetime
    older: str = ""


Source = Callable[[str], SourcePage]  # of a token


@dataclass(frozen=True)
class Cursor:
    """`before`: what was shown last; `tokens` by kind: None where all has been shown."""

    before: tuple[float, str] | None = None
    tokens: Mapping[str, str | None] = field(default_factory=dict)

    def text(self) -> str:
        """For a URL."""
        content = json.dumps([self.before, dict(self.tokens)], separators=(",", ":"))
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class HistoryPage:
    """Newest first; `older` is empty on the last page."""

    happenings: tuple[Happening, ...]
    older: str = ""


def cursor_of(text: str) -> Cursor:
    """Raises ClientFailure for one that was not given out."""
    if not text:
        return Cursor()
    try:
        before, tokens = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Cursor(tuple(before) if before else None, dict(tokens))
    except (ValueError, TypeError) as error:
        raise ClientFailure("this is no page of the history: begin at the newest") from error


def page(sources: Mapping[Kind, Source], cursor: Cursor, size: int = PAGE) -> HistoryPage:
    """One page of all `sources` together, which are asked at the same time."""
    asked = {kind: source for kind, source in sources.items() if cursor.tokens.get(kind, "") is not None}
    if not asked:
        return HistoryPage(())
    with ThreadPoolExecutor(len(asked)) as pool:
        told = list(pool.map(lambda kind: asked[kind](cursor.tokens.get(kind) or ""), asked))
    pages = dict(zip(asked, told, strict=True))
    fresh = sorted((one for part in told for one in part.happenings if _is_after(cursor, one)), key=_place, reverse=True)
    floor = max((part.down_to for part in told if part.older), default=FIRST)
    whole = [one for one in fresh if one.at >= floor]
    shown = whole[:size]
    is_all = len(shown) == len(fresh) and not any(part.older for part in told)
    if is_all:
        return HistoryPage(tuple(shown))
    before = _place(shown[-1]) if shown else cursor.before
    tokens = {str(kind): _next(part, cursor.tokens.get(kind) or "", before) for kind, part in pages.items()}
    return HistoryPage(tuple(shown), Cursor(before, {**{str(kind): None for kind in sources}, **tokens}).text())


def _next(part: SourcePage, token: str, before: tuple[float, str] | None) -> str | None:
    """Of a source: the same page again where it has something that was not shown, else the one after it."""
    if any(before is None or _place(one) < before for one in part.happenings):
        return token
    return part.older or None


def _is_after(cursor: Cursor, one: Happening) -> bool:
    return cursor.before is None or _place(one) < cursor.before


def _place(one: Happening) -> tuple[float, str]:
    """In the order of time; of the same moment, by its name."""
    return one.at.timestamp(), f"{one.kind}/{one.id}"


def reached(happenings: Sequence[Happening]) -> datetime:
    """Of a source whose list is in the order of time: how far down it was read."""
    return min((one.at for one in happenings), default=FIRST)
