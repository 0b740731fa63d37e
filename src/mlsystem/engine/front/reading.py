"""A request as it comes from the door, for the protocol and for who checks signatures."""

from __future__ import annotations

from starlette.requests import Request

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.protocol import HttpRequest

LARGEST_BODY_BYTES = 32 * 1024 * 1024


def http_request(http: Request) -> HttpRequest:
    raw_path = http.scope.get("raw_path") or http.scope["path"].encode()
    headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in http.scope["headers"]}
    path = raw_path.decode("ascii", "replace").split("?", 1)[0]
    return HttpRequest(http.method, path, http.scope["query_string"].decode("ascii", "replace"), headers)


async def read_body(http: Request) -> bytes:
    data = bytearray()
    async for piece in http.stream():
        data += piece
        if len(data) > LARGEST_BODY_BYTES:
            raise AwsError(
                "RequestEntityTooLargeException", f"The body is over {LARGEST_BODY_BYTES} bytes.", status=413
            )
    return bytes(data)
