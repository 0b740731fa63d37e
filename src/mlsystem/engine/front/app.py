"""The control plane's HTTP application: authenticate, parse, dispatch, serialize.

Rooms are synchronous; each request runs in a thread. Bodies of objects stream between the socket and a file, all others are small and are
read whole.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.audit import AuditTrail, Entry
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.http import http_request, read_body
from mlsystem.engine.front.pace import Pace
from mlsystem.engine.front.principals import Authenticator
from mlsystem.engine.front.protocol import (
    FoundOperation,
    HttpRequest,
    HttpResponse,
    ParsedRequest,
    find_operation,
    parse_request,
    serialize_error,
    serialize_refusal,
    serialize_result,
)
from mlsystem.engine.front.signature import claimed_service, with_query_headers
from mlsystem.engine.front.upload import Upload, is_small, receive_body, store_body
from mlsystem.engine.store.bodies import PIECE_BYTES, BodySlice
from mlsystem.engine.store.folder import DataFolder

log = logging.getLogger(__name__)

STREAMED_UPLOADS = {"PutObject", "UploadPart"}
# The principal, and the signing name of the service that it asks.
Who = tuple[Principal, str]
FAULT = AwsError("InternalFailure", "The engine failed; its log says why.", status=500)


class Front:
    """ASGI application. `mounts` maps a path prefix to an application that answers below it and does its own authentication."""

    def __init__(
        self,
        authenticator: Authenticator,
        dispatcher: Dispatcher,
        audit: AuditTrail,
        folder: DataFolder,
        mounts: Mapping[str, ASGIApp],
        pace: Pace,
    ):
        self._authenticator = authenticator
        self._dispatcher = dispatcher
        self._audit = audit
        self._folder = folder
        self._mounts = mounts
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        for prefix, app in self._mounts.items():
            if scope["path"].startswith(prefix):
                await app(scope, receive, send)
                return
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, http: Request) -> Response:
        request_id = secrets.token_hex(16)
        request = http_request(http)
        trail = Entry(self._audit)
        trail.came(request, request_id)
        try:
            streamed = _streamed(request)
            if streamed is not None and is_small(http):
                data = await read_body(http)
                response = await to_thread.run_sync(
                    self._serve_small, data, http.headers, request, streamed, request_id, trail
                )
            elif streamed is not None:
                who = await to_thread.run_sync(self._authenticate, request, trail)
                upload = await receive_body(http, self._folder)
                response = await to_thread.run_sync(self._serve, who, request, request_id, trail, streamed, upload)
            else:
                request = replace(request, body=await read_body(http))
                response = await to_thread.run_sync(self._serve_read, request, request_id, trail)
        except AwsError as error:
            trail.error = error
            response = _plain(serialize_refusal(claimed_service(request), request, error, request_id), request)
        except ClientDisconnect:
            raise
        except Exception:  # the supervisor of what comes before a room is asked
            log.exception("%s %s failed", request.method, request.raw_path)
            trail.error = FAULT
            response = _plain(serialize_refusal(claimed_service(request), request, FAULT, request_id), request)
        trail.write(response.status_code)
        return response

    def _authenticate(self, request: HttpRequest, trail: Entry) -> Who:
        principal, signing_name = self._authenticator.authenticate(request)
        trail.principal, trail.service = principal, signing_name
        self._pace.count(principal, signing_name)
        return principal, signing_name

    def _serve_read(self, request: HttpRequest, request_id: str, trail: Entry) -> Response:
        """All in one thread: a change of threads costs as much as a check of a signature."""
        return self._serve(self._authenticate(request, trail), request, request_id, trail)

    def _serve_small(
        self,
        data: bytes,
        headers: Mapping[str, str],
        request: HttpRequest,
        streamed: FoundOperation,
        request_id: str,
        trail: Entry,
    ) -> Response:
        """As `_serve_read`, for an object; `headers` as they arrived."""
        who = self._authenticate(request, trail)
        upload = store_body(data, headers, self._folder)
        return self._serve(who, request, request_id, trail, streamed, upload)

    def _serve(
        self,
        who: Who,
        request: HttpRequest,
        request_id: str,
        trail: Entry,
        found: FoundOperation | None = None,
        upload: Upload | None = None,
    ) -> Response:
        principal, signing_name = who
        request = with_query_headers(request)
        try:
            parsed = parse_request(signing_name, request, found)
            trail.service, trail.operation = parsed.service, parsed.operation
            if upload is not None:
                parsed.input.update(upload.checksums, Body=upload.body)
            try:
                result = self._dispatcher.answer(parsed.service, parsed.operation, parsed.input, principal, trail)
                return _success(parsed, result, request, request_id)
            except AwsError as error:
                trail.error = error
                return _plain(serialize_error(parsed, error, request_id), request)
            except Exception:  # the supervisor of requests: a fault of ours is a 500, and is written down
                log.exception("%s:%s failed", parsed.service, parsed.operation)
                trail.error = FAULT
                return _plain(serialize_error(parsed, FAULT, request_id), request)
        finally:
            if upload is not None:
                upload.body.path.unlink(missing_ok=True)


def _streamed(request: HttpRequest) -> FoundOperation | None:
    """The operation, where it is one whose body streams past."""
    if request.method != "PUT" or claimed_service(request) != "s3":
        return None
    found = find_operation("s3", request)
    return found if found.name in STREAMED_UPLOADS else None


def _success(parsed: ParsedRequest, result: dict[str, Any], request: HttpRequest, request_id: str) -> Response:
    streamed = result.get("Body")
    if not isinstance(streamed, BodySlice):
        answer = _plain(serialize_result(parsed, result, request_id), request)
        if request.method == "HEAD" and "ContentRange" in result:
            answer.status_code = 206
        return answer
    response = serialize_result(parsed, {**result, "Body": b""}, request_id)
    headers = {**response.headers, "Content-Length": str(streamed.length)}
    status = 206 if "ContentRange" in result else response.status
    if streamed.length <= PIECE_BYTES:
        return Response(streamed.read(), status, headers)
    return StreamingResponse(_pieces(streamed), status, headers)


async def _pieces(body: BodySlice) -> AsyncIterator[bytes]:
    pieces = body.pieces()
    try:
        while (piece := await to_thread.run_sync(next, pieces, None)) is not None:
            yield piece
    finally:
        body.close()


def _plain(response: HttpResponse, request: HttpRequest) -> Response:
    if response.status == 304:
        return Response(status_code=304, headers={"x-amzn-RequestId": response.headers["x-amzn-RequestId"]})
    if response.status == 204:
        # Bytes behind an answer that has no body would be the beginning of the next one to the door.
        kept = {name: value for name, value in response.headers.items() if not name.lower().startswith("content-")}
        return Response(status_code=204, headers=kept)
    if request.method == "HEAD":
        answer = Response(status_code=response.status)
        answer.raw_headers = [(n.lower().encode(), v.encode()) for n, v in response.headers.items()]
        return answer
    return Response(response.body, response.status, response.headers)
