"""The page that Prometheus scrapes: `/_mlsystem/metrics`, in its text format or, for who asks for it, in OpenMetrics.

It is for people and their programs on this machine; a workload has CloudWatch's API, and the permissions of its role there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from mlsystem.engine.contract import House
from mlsystem.engine.dataplane.filters import PRINCIPAL_HEADER
from mlsystem.engine.services.cloudwatch.exposition import families

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PATH = "/_mlsystem/metrics"


class MetricsPage:
    """ASGI application."""

    def __init__(self, house: House):
        self._house = house

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if PRINCIPAL_HEADER in request.headers:
            return PlainTextResponse("This page is not for workloads: they ask CloudWatch, by GetMetricData.\n", 403)
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse(f"{PATH} is only read, by GET.\n", 405, {"Allow": "GET, HEAD"})
        return await to_thread.run_sync(self._page, request.headers.get("accept", ""))

    def _page(self, accepted: str) -> Response:
        from prometheus_client.exposition import choose_encoder  # see `families`

        with self._house.database.reading() as tx:
            found = families(tx, self._house.scope)
        encode, content_type = choose_encoder(accepted)
        return Response(encode(_Collected(found)), headers={"Content-Type": content_type})


@dataclass(frozen=True)
class _Collected:
    """What was read, as the writers of prometheus_client want it."""

    families: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.families
