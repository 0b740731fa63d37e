"""Draws templates: Jinja with what every page uses."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from mlsystem.console.visit import ROOT

STATIC = Path(__file__).parent / "static"
LIVE = "live_"
MACROS = "parts/macros.html"  # every template has them, without an import
# What turns the words around it, or is not seen at all: a name that holds it reads as another one.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
MINUTE, HOUR, DAY = 60, 3600, 86400


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("mlsystem.console"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        finalize=seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        table_rows=table_rows, when=when, span=span, number=number, percent=percent, as_json=as_json, tone=tone
    )
    made.globals.update(ROOT=ROOT, asset=asset)
    # Blocks that are drawn alone do not see what their template imports.
    macros = made.get_template(MACROS).module
    made.globals.update({name: value for name, value in vars(macros).items() if not name.startswith("_")})
    return made


def draw(template: str, context: Mapping[str, Any]) -> str:
    return environment().get_template(template).render(context)


def live_blocks(template: str, context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What changes on a page: each block's name and content."""
    found = environment().get_template(template)
    values = found.new_context(dict(context))
    for name, block in found.blocks.items():
        if name.startswith(LIVE):
            yield name, "".join(block(values))


@cache
def asset(name: str) -> str:
    """The URL of a file of `static/`, which changes with its content: browsers keep it for ever."""
    mark = hashlib.blake2s((STATIC / name).read_bytes(), digest_size=6).hexdigest()
    return f"{ROOT}/static/{name}?v={mark}"


# ---------------------------------------------------------------------- filters
def seen(value: Any) -> Any:
    """Words of others with every character to be seen: controls, and marks of direction, as their numbers."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    if value.isascii() and value.isprintable():  # as nearly all are, of which a page may have thousands
        return value
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def table_rows(rows: Sequence[Sequence[str]]) -> Markup:
    """What a template would make of them, cell by cell, at a fraction of its time."""
    if not rows:
        return Markup()
    # What is seen has no such characters.
    whole = str(escape("\x01".join("\x00".join(map(seen, row)) for row in rows)))
    cells = whole.replace("\x00", "</td><td>").replace("\x01", "</td></tr><tr><td>")
    return Markup(f"<tr><td>{cells}</td></tr>")  # noqa: S704 - it is escaped


def when(moment: datetime | None, kind: str = "moment") -> Markup:
    """A time, which the browser shows in its reader's zone. `kind`: moment, ago, clock or day."""
    if moment is None:
        return Markup('<span class="none">never</span>')
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}" data-kind="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), kind, f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    )


def span(length: float | timedelta | None) -> str:
    """A length of time, in the two units that matter: 1 h 5 min."""
    if length is None:
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    for unit, size, smaller, part in (("d", DAY, "h", HOUR), ("h", HOUR, "min", MINUTE), ("min", MINUTE, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    raise AssertionError("more than a minute has a unit")


def number(value: float | None, digits: int = 4) -> str:
    """With so many digits that matter, and thousands apart."""
    if value is None:
        return "–"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.{digits}g}"


def percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def as_json(value: Any) -> Markup:
    """For a `<script type="application/json">`: nothing in it can end the script."""
    text = json.dumps(value, default=str, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


_TONES = {
    "good": "Succeeded SUCCEEDED InService OK Completed Approved Active ACTIVE COMPLETE CompletedWithNoViolations Enabled ENABLED "
    "started",
    "bad": "Failed ALARM Rejected FAILED drifted TimedOut TIMED_OUT CompletedWithViolations OutOfService RollbackFailed",
    "busy": "InProgress Creating Updating RUNNING Running Pending Baking Created Queued Ready RollingBack Stopping Scheduled Waiting",
    "warn": "Stopped Superseded Abandoned Cancelled ABORTED INSUFFICIENT_DATA refused",
}
_BY_WORD = {word: name for name, words in _TONES.items() for word in words.split()} | {
    "cannot tell": "warn",
    "not drifted": "good",
}


def tone(status: object) -> Markup:
    """A status of AWS as a badge: its word, and a colour that says the same."""
    return Markup('<span class="badge {}">{}</span>').format(_BY_WORD.get(str(status), "plain"), escape(str(status)))
