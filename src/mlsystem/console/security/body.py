"""What a browser may send: bodies are read into memory, so they end at a size, before anybody is asked who they are."""

from __future__ import annotations

from starlette.datastructures import FormData, Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlsystem.client.trial_call import MOST_BYTES
from mlsystem.console.security.refused import Refused

MULTIPART = "multipart/form-data"
MOST_FIELDS, MOST_FILES = 200, 4
MOST_OF_FIELDS = 256 * 1024  # of a form without files: all that is typed on a page
MOST_OF_FILES = MOST_BYTES + MOST_OF_FIELDS  # a request to try an endpoint with, and the fields beside it


class BodyLimit:
    """Whoever reads a body that is too large, gets Refused in place of its rest."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = MOST_OF_FILES if headers.get("content-type", "").startswith(MULTIPART) else MOST_OF_FIELDS
        length = headers.get("content-length", "")
        is_announced = length.isdecimal() and (len(length) > len(str(most)) or int(length) > most)
        read = 0

        async def limited() -> Message:
            nonlocal read
            message: Message = {} if is_announced else await receive()
            read += len(message.get("body", b""))
            if is_announced or read > most:
                raise Refused(413, f"this is too much to send at once: {most:,} bytes are the most")
            return message

        await self._app(scope, limited, send)


async def form_of(request: Request) -> FormData:
    """Raises Refused."""
    try:
        return await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES)
    except HTTPException as error:
        raise Refused(error.status_code, f"this form cannot be read: {error.detail}") from error
