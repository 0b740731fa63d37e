"""Whatever is written into a page's URL, the answer is words for the person who wrote it, and never a broken console."""

from __future__ import annotations

import inspect
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest

from mlsystem.console import pages
from mlsystem.console.page import Page, Raw
from tests.small_project import NAME
from tests.system import System

GARBAGE = (
    "--5",
    "\x00\u202e\r\nSet-Cookie: a=b",
    "../../../etc/passwd",
    "日本<script>alert(1)</script>",
    "2026/13/99/77",
    "a:b:c,d",
)
ASKED = re.compile(r'query(?:\.get\(|\[)"(\w+)"')
PART = re.compile(r"{(\w+)(?::\w+)?}")
EVERYWHERE = {"live", "range", "older", "token", "page"}
LONGEST = "9" * 5000  # more digits than Python makes a number of
NUMBERS = {"line", "from", "number"}
RECORD = {"key": "a.jsonl", "line": "0", "side": "input"}  # without these a record is not even looked for
GETS = [route for route in pages.ROUTES if isinstance(route, Page | Raw)]
WORKERS = 4


def _urls(route: Page | Raw, endpoint: str) -> Iterator[str]:
    pattern = _pattern(route)
    for part in PART.finditer(pattern):
        for word in (*GARBAGE, LONGEST):
            yield PART.sub(quote(endpoint), pattern.replace(part[0], quote(word, safe="")))
    for name in sorted(_asked(route)):
        for word in (*GARBAGE, *((LONGEST,) if name in NUMBERS else ())):
            yield _queried(route, endpoint, {name: word})


def _queried(route: Page | Raw, endpoint: str, query: Mapping[str, str]) -> str:
    pattern = _pattern(route)
    usual = RECORD if "/captures/" in pattern else {}
    return f"{PART.sub(quote(endpoint), pattern)}?{urlencode({**usual, **query})}"


def _pattern(route: Page | Raw) -> str:
    return route.path[1:] if route.path.startswith("//") else f"/{NAME}{route.path}"


def _asked(route: Page | Raw) -> set[str]:
    """What the code of the page itself asks its URL for."""
    load = route.load if isinstance(route, Page) else route.read
    return set(ASKED.findall(inspect.getsource(inspect.getmodule(load) or load)))


@pytest.fixture(scope="module")
def endpoint(system: System) -> str:
    found = system.engine.client("sagemaker").list_endpoints()["Endpoints"]
    return next(str(one["EndpointName"]) for one in found if one["EndpointName"].endswith("-prd"))


def _answer(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")


@pytest.mark.parametrize("route", GETS, ids=lambda one: one.path)
def test_garbage_in_a_url_is_answered_with_words(console: str, route: Page | Raw, endpoint: str) -> None:
    _look_at([f"{console}{one}" for one in _urls(route, endpoint)])
    _look_everywhere(console, route, endpoint)


def _look_everywhere(console: str, route: Page | Raw, endpoint: str) -> None:
    """At what any page may ask for, all at once; each alone where that is refused, as one may hide another."""
    names = sorted(EVERYWHERE - _asked(route))
    for word in GARBAGE:
        if _look_at([console + _queried(route, endpoint, dict.fromkeys(names, word))]) != {200}:
            _look_at([console + _queried(route, endpoint, {name: word}) for name in names])


def _look_at(urls: Sequence[str]) -> set[int]:
    """The statuses of the answers."""
    statuses = set()
    with ThreadPoolExecutor(WORKERS) as pool:
        for url, (status, text) in zip(urls, pool.map(_answer, urls), strict=True):
            assert status < 500, f"{status} {url[:300]}: {text[-2000:]}"
            assert "Traceback" not in text
            assert "<script>alert" not in text, url[:300]
            statuses.add(status)
    return statuses


def test_a_stream_survives_marks_that_nobody_made(console: str) -> None:
    request = urllib.request.Request(
        f"{console}/{NAME}/pipeline?live=a:b:c,d,:", headers={"accept": "text/event-stream"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.readline().startswith(b"event: live_")
