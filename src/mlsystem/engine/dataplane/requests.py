"""Requests that the door served, read from its request log; `access_log` says what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.dataplane.access_log import REQUEST_FIELDS
from mlsystem.engine.dataplane.spool import complete_lines

_ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an endpoint or to a stage of an API.

    `route` is `("endpoint", name)` or `("api", id, stage)`; `target` the chosen `("endpoint", name, variant, fleet)` or
    `("function", name, version)`, None where the door refused before it chose. `upstream_us` is the time from sending
    the request on to the end of the answer, None where nobody answered.
    """

    started_ms: int
    route: tuple[str, ...]
    target: tuple[str, ...] | None
    status: int
    details: str
    model_status: int | None
    upstream_us: int | None
    total_us: int | None

    @property
    def was_answered(self) -> bool:
        """Whether the answer is that of an instance or a function host, not the door's own."""
        return self.details == "via_upstream"

    @property
    def was_refused(self) -> bool:
        """Whether the door refused it: not allowed, too large, no such method."""
        return self.details.startswith(("rbac_", "ext_authz_", "request_payload_too_large", "direct_response"))


def served_requests(path: Path, offset: int = 0) -> Iterator[Request]:
    """Every request in a spool file; torn lines are left out."""
    for _, line in complete_lines(path, offset):
        request = _parse(line)
        if request is not None:
            yield request


def _parse(line: bytes) -> Request | None:
    fields = line.decode(errors="replace").rstrip("\n").split("\t")
    if len(fields) != len(REQUEST_FIELDS):
        return None
    started_ms, route, cluster, status, details, model_status, upstream_us, total_us = fields
    try:
        return Request(
            started_ms=int(started_ms),
            route=tuple(route.split("/")),
            target=None if cluster == _ABSENT else tuple(cluster.split("/")),
            status=int(status),
            details=details,
            model_status=_number(model_status),
            upstream_us=_number(upstream_us),
            total_us=_number(total_us),
        )
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return None if text == _ABSENT else int(text)
