"""Captured requests and answers: an hour's, newest first; one in full; and its bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from mlsystem.client.captures import LINE, Captures, is_hour, read_cursor
from mlsystem.client.endpoint import Endpoint
from mlsystem.client.endpoints import Endpoints
from mlsystem.client.errors import NotFound
from mlsystem.client.examples import column_names
from mlsystem.client.served_model import served_models
from mlsystem.console.documents import DOCUMENTS
from mlsystem.console.page import Page, Raw
from mlsystem.console.visit import Visit

DAY = len("yyyy/mm/dd")
SIDES = ("input", "output")
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def load(visit: Visit) -> Mapping[str, Any]:
    endpoint = _endpoint(visit)
    variant = _variant(visit, endpoint)
    wanted = visit.query.get("id", "").strip()
    about = {"endpoint": endpoint, "variant": variant, "wanted": wanted, "hour": ""}
    if endpoint.capture is None or not endpoint.capture.uri:
        return {**about, "captures": None}
    captures = Captures(visit.connection, endpoint.capture, endpoint.name, variant, DOCUMENTS)
    given = visit.query.get("hour", "")
    hour = given if is_hour(given) else captures.newest_hour()
    if not hour:
        return {**about, "captures": captures, "days": ("", ""), "hours": [], "found": None}
    day = hour[:DAY]
    return {
        **about,
        "captures": captures,
        "hour": hour,
        "day": day,
        "days": captures.neighbours(day),
        "hours": captures.hours(day),
        "found": captures.page(hour, read_cursor(visit.query.get("from", "")), wanted),
        "goes_on": "from" in visit.query,
    }


def load_record(visit: Visit) -> Mapping[str, Any]:
    endpoint, captures = _captures(visit)
    record = captures.record(*_place(visit))
    columns = column_names(visit.connection, served_models(visit.connection, endpoint))
    row = record.input.text().strip().split(",") if record.input and record.input.is_text else []
    return {
        "endpoint": endpoint,
        "variant": _variant(visit, endpoint),
        "captures": captures,
        "record": record,
        "sides": [(side, getattr(record, side)) for side in SIDES],
        "features": list(zip(columns, row, strict=True)) if len(columns) == len(row) else [],
    }


def read_body(visit: Visit) -> Response:
    """Never as what a browser would show: it is whatever somebody has sent."""
    side = visit.query.get("side", "")
    if side not in SIDES:
        raise NotFound(f"a record has {' and '.join(SIDES)}")
    _, captures = _captures(visit)
    key, line = _place(visit)
    name = UNSAFE.sub("-", f"{key}-{line}.{side}")
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(captures.body(key, line, side).data, media_type="application/octet-stream", headers=headers)


def _captures(visit: Visit) -> tuple[Endpoint, Captures]:
    endpoint = _endpoint(visit)
    if endpoint.capture is None or not endpoint.capture.uri:
        raise NotFound(f"requests to {endpoint.name} are not captured")
    variant = _variant(visit, endpoint)
    return endpoint, Captures(visit.connection, endpoint.capture, endpoint.name, variant, DOCUMENTS)


def _endpoint(visit: Visit) -> Endpoint:
    return Endpoints(visit.connection, visit.project).find(visit.path["name"])


def _variant(visit: Visit, endpoint: Endpoint) -> str:
    """Raises NotFound for one that the endpoint does not have."""
    names = [one.name for one in endpoint.variants]
    wanted = visit.query.get("variant", "")
    if wanted and wanted not in names:
        raise NotFound(f"the endpoint {endpoint.name} has no variant {wanted}")
    return wanted or next(iter(names), "AllTraffic")


def _place(visit: Visit) -> tuple[str, int]:
    """Raises NotFound."""
    key, line = visit.query.get("key", ""), visit.query.get("line", "")
    if not LINE.fullmatch(line):
        raise NotFound("a record is named by its file and its line")
    return key, int(line)


ROUTES = (
    Page("/endpoints/{name}/captures", "captures.html", load),
    Page("/endpoints/{name}/captures/record", "capture.html", load_record),
    Raw("/endpoints/{name}/captures/body", read_body),
)
