"""Signing in with a token, and out."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mlsystem.client.errors import ClientFailure
from mlsystem.console.security.body import form_of
from mlsystem.console.security.gate import Gate
from mlsystem.console.security.refused import Refused
from mlsystem.console.view import draw
from mlsystem.console.visit import ROOT


class SignIn:
    def __init__(self, gate: Gate):
        self._gate = gate

    async def show(self, request: Request) -> Response:
        return self._page(request, "", 200)

    async def enter(self, request: Request) -> Response:
        session = self._gate.sessions.read(request)
        try:
            self._gate.check_host(request)
            await self._gate.check_form(request, session)
            form = await form_of(request)
            person = self._gate.people.signed_in(str(form.get("token", "")).strip())
        except Refused as refused:
            return self._page(request, str(refused), refused.status)
        except ClientFailure as failure:
            return self._page(request, str(failure), 503)
        if person is None:
            return self._page(request, "Nobody has this token. `mlsystem console token NAME` makes a new one.", 401)
        response = RedirectResponse(_next(str(form.get("next", ""))), 303)
        fresh = self._gate.sessions.fresh(person.name, self._gate.people.fingerprint(person.name))
        self._gate.sessions.write(request, response, fresh)
        return response

    async def leave(self, request: Request) -> Response:
        session = self._gate.sessions.read(request)
        try:
            self._gate.check_host(request)
            await self._gate.check_form(request, session)
        except Refused as refused:
            return self._page(request, str(refused), refused.status)
        if session is not None:
            self._gate.sessions.end(session)
        response = RedirectResponse(f"{ROOT}/sign-in", 303)
        self._gate.sessions.forget(request, response)
        return response

    def _page(self, request: Request, words: str, status: int) -> Response:
        session = self._gate.sessions.read(request) or self._gate.sessions.fresh()
        context: dict[str, Any] = {
            "words": words,
            "next": _next(request.query_params.get("next", "")),
            "csrf_token": self._gate.sessions.csrf_token(session),
        }
        response = HTMLResponse(draw("sign_in.html", context), status)
        self._gate.sessions.write(request, response, session)
        return response


def _next(path: str) -> str:
    """A page of ours, whatever a link says."""
    is_ours = path.startswith(f"{ROOT}/") and "\\" not in path and path.isprintable()
    return path if is_ours else f"{ROOT}/"
