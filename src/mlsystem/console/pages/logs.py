"""Logs of builds, jobs, functions and endpoints: groups, their streams, and lines that follow what is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, Response

from mlsystem.client.errors import NotFound
from mlsystem.client.log_pages import Lines, LogPages, as_text
from mlsystem.console.page import Page, Raw
from mlsystem.console.started import log_path
from mlsystem.console.visit import Visit

# How far back a search looks, by what it is called in the URL.
SINCE = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7), "all": None}
SINCE_WORDS = {"1h": "the last hour", "1d": "the last day", "7d": "the last 7 days", "all": "all time"}
USUAL = "1d"
MOST_DOWNLOADED = 10_000  # lines, which AWS gives at once


def load_groups(visit: Visit) -> Mapping[str, Any]:
    groups, older = LogPages(visit.connection).groups(visit.query.get("words", ""), visit.query.get("next", ""))
    return {"groups": groups, "next": older, "log_path": log_path, "query_of": _query}


def load_streams(visit: Visit) -> Mapping[str, Any]:
    group, beginning = visit.query.get("group", ""), visit.query.get("stream", "")
    streams, older = LogPages(visit.connection).streams(group, beginning, visit.query.get("next", ""))
    return {"group": group, "streams": streams, "next": older, "log_path": log_path, "query_of": _query}


def load_lines(visit: Visit) -> Mapping[str, Any]:
    lines, missing = Lines(()), ""
    try:
        lines = _lines(visit)
    except NotFound as error:  # what has not begun has no log yet
        missing = str(error)
    return {
        **_asked(visit),
        "found": lines,
        "missing": missing,
        "since_words": SINCE_WORDS,
        "moment": lambda milliseconds: datetime.fromtimestamp(milliseconds / 1000, UTC),
        "query_of": _query,
    }


def read_text(visit: Visit) -> Response:
    lines = _lines(visit, MOST_DOWNLOADED).lines
    name = "".join(
        one if (one.isascii() and one.isalnum()) or one in "-." else "-" for one in visit.query.get("group", "log")
    ).strip("-")
    held = {"content-disposition": f'attachment; filename="{name}.log"'}
    return PlainTextResponse(as_text(lines), headers=held)


def _lines(visit: Visit, size: int = 500) -> Lines:
    asked, logs = _asked(visit), LogPages(visit.connection)
    if not asked["words"]:
        return logs.tail(asked["group"], asked["stream"], asked["token"], size)
    span = SINCE[asked["since"]]
    since = 0 if span is None else int((visit.now - span).timestamp() * 1000)
    return logs.search(asked["group"], asked["stream"], asked["words"], since, size)


def _asked(visit: Visit) -> dict[str, str]:
    asked = {name: visit.query.get(name, "") for name in ("group", "stream", "words", "token", "since")}
    return {**asked, "since": asked["since"] if asked["since"] in SINCE else USUAL}


def _query(**given: str) -> str:
    """Of a URL, without what is empty."""
    return urlencode({name: value for name, value in given.items() if value})


ROUTES = (
    Page("/logs", "logs.html", load_groups),
    Page("/logs/streams", "log_streams.html", load_streams),
    Page("/logs/lines", "log_lines.html", load_lines, live_seconds=2),
    Raw("/logs/text", read_text),
)
