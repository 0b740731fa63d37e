"""What the front door asks: may whoever signed this invocation invoke that endpoint? An empty answer lets it in.

The door asks with the whole request below `filters.AUTHORIZE_PREFIX`, and hands the answer on where it is a refusal.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mlsystem.engine.decide import arn
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.audit import AuditTrail, Entry
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.http import http_request, read_body
from mlsystem.engine.front.invokers import requirement
from mlsystem.engine.front.principals import Authenticator
from mlsystem.engine.front.protocol import HttpRequest, serialize_refusal

log = logging.getLogger(__name__)

SERVICE, OPERATION = "sagemaker-runtime", "InvokeEndpoint"
FAULT = AwsError("InternalFailure", "The engine failed; its log says why.", status=500)


class PermitPage:
    """ASGI application, mounted at `prefix`."""

    def __init__(
        self, prefix: str, scope: arn.Scope, authenticator: Authenticator, dispatcher: Dispatcher, audit: AuditTrail
    ):
        self._prefix = prefix
        self._scope = scope
        self._authenticator = authenticator
        self._dispatcher = dispatcher
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = Request(scope, receive)
        asked = http_request(http)
        try:
            request = replace(asked, raw_path=asked.raw_path.removeprefix(self._prefix), body=await read_body(http))
            response = await to_thread.run_sync(self._answer, request)
        except ClientDisconnect:
            return
        except AwsError as error:
            response = _refused(asked, error)
        await response(scope, receive, send)

    def _answer(self, request: HttpRequest) -> Response:
        entry = Entry(self._audit, service=SERVICE, operation=OPERATION)
        entry.came(request, secrets.token_hex(16))
        response = self._decide(request, entry)
        entry.write(response.status_code)
        return response

    def _decide(self, request: HttpRequest, entry: Entry) -> Response:
        try:
            principal, _ = self._authenticator.authenticate(request)
            entry.principal = principal
            self._dispatcher.permit(SERVICE, principal, entry, *requirement(self._scope, request.raw_path))
        except AwsError as error:
            entry.error = error
            return _refused(request, error)
        except Exception:  # the supervisor of these requests
            log.exception("%s %s cannot be decided", request.method, request.raw_path)
            entry.error = FAULT
            return _refused(request, FAULT)
        return Response()


def _refused(request: HttpRequest, error: AwsError) -> Response:
    refused = serialize_refusal(None, request, error, secrets.token_hex(16))
    return Response(refused.body, refused.status, refused.headers)
