"""For whom this program asks, where it serves several people with one key: the name goes along, and into the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

_person: ContextVar[str] = ContextVar("person", default="")


@contextmanager
def acting_for(name: str) -> Iterator[None]:
    """Requests of this thread, or of this task, are for that person."""
    token = _person.set(name)
    try:
        yield
    finally:
        _person.reset(token)


def tell_person(request: Any, **_: object) -> None:
    """A handler for botocore's event `before-send`: the header User-Agent is no part of a signature."""
    name = _person.get()
    if name:
        agent = request.headers.get("User-Agent", b"")
        agent = agent.decode() if isinstance(agent, bytes) else agent
        request.headers["User-Agent"] = f"{agent} person/{quote(name, safe='')}".strip()
