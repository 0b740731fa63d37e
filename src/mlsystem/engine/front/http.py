"""From the server's request to the one that the front works with."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.protocol import HttpRequest

_AS_IT_IS = "".join(map(chr, range(128)))
LARGEST_BODY_BYTES = 32 * 1024 * 1024


def http_request(http: Request) -> HttpRequest:
    """Without its body."""
    raw_path = http.scope.get("raw_path") or http.scope["path"].encode()
    headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in http.scope["headers"]}
    path = raw_path.decode("ascii", "replace").split("?", 1)[0]
    return HttpRequest(http.method, path, _ascii(http.scope["query_string"]), headers)


def _ascii(query: bytes) -> str:
    """Bytes beyond ASCII, which no client of AWS sends, as they ought to have been sent."""
    return query.decode() if query.isascii() else quote(query, safe=_AS_IT_IS)


async def read_body(http: Request) -> bytes:
    """The whole of it. Raises AwsError (413), and ClientDisconnect where the client has left."""
    data = bytearray()
    async for piece in http.stream():
        data += piece
        if len(data) > LARGEST_BODY_BYTES:
            raise AwsError(
                "RequestEntityTooLargeException", f"The body is over {LARGEST_BODY_BYTES} bytes.", status=413
            )
    return bytes(data)
