"""Where programs fetch the keys of their roles, with the token from their environment: `runtime.credentials` says why."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.runtime.credentials import WorkloadCredentials


class CredentialsPage:
    """ASGI application."""

    def __init__(self, credentials: WorkloadCredentials):
        self._credentials = credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = Request(scope).headers.get("authorization", "")
        response = await to_thread.run_sync(self._answer, token)
        await response(scope, receive, send)

    def _answer(self, token: str) -> JSONResponse:
        try:
            return JSONResponse(self._credentials.fetch(token))
        except AwsError as error:
            return JSONResponse({"code": error.code, "message": error.message}, error.status or 400)
