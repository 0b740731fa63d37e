"""Where the provider of a custom resource puts its answer: PUT to the ResponseURL of its request.

The URL is the permission, as a presigned one is: it needs no other signature, and takes any content type.
"""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.custom_resource import LARGEST_ANSWER_BYTES
from mlsystem.engine.services.cloudformation.custom_requests import CustomRequests


class CustomAnswers:
    """ASGI application below `custom_requests.PREFIX`."""

    def __init__(self, requests: CustomRequests):
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, http: Request) -> Response:
        request_id = http.url.path.rpartition("|")[2]
        if http.method != "PUT" or not self._requests.is_signed(request_id, http.query_params.get("Signature", "")):
            return _error(
                403, "SignatureDoesNotMatch", "The URL is not one that was given out, or not for this method."
            )
        body = await _beginning(http)
        try:
            await to_thread.run_sync(self._requests.take, request_id, body)
        except AwsError as error:
            return _error(error.status or 500, error.code, error.message)
        return Response()


async def _beginning(http: Request) -> bytes:
    """As much of the body as tells whether it is too long."""
    body = b""
    async for piece in http.stream():
        body = (body + piece)[: LARGEST_ANSWER_BYTES + 1]
    return body


def _error(status: int, code: str, message: str) -> Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(text, status, media_type="application/xml")
