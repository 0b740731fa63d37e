"""Wires the console: its pages, its gate and its files, as one ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as StarletteRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from mlsystem.client.connection import Target
from mlsystem.console import pages
from mlsystem.console.answer import Answers
from mlsystem.console.connections import Connections
from mlsystem.console.page import Action, Ask, Route
from mlsystem.console.security.body import BodyLimit
from mlsystem.console.security.gate import Gate, serves_loopback
from mlsystem.console.security.headers import SecurityHeaders
from mlsystem.console.security.people import People
from mlsystem.console.security.session import Sessions
from mlsystem.console.security.sign_in import SignIn
from mlsystem.console.view import STATIC, draw
from mlsystem.console.visit import ROOT


def build(
    target: Target, home: Path, serves: Callable[[str], bool] = serves_loopback, *, is_open: bool = False
) -> ASGIApp:
    """`serves` tells whether a host's name is one that the console answers to; `is_open` whether others than this machine reach it."""
    gate = Gate(People(home), Sessions(home), serves, is_open=is_open)
    answers = Answers(Connections(target, home), gate)
    sign_in = SignIn(gate)
    routes: list[BaseRoute] = [
        Mount(f"{ROOT}/static", _Files(directory=STATIC)),
        StarletteRoute(f"{ROOT}/sign-in", sign_in.show, methods=["GET"]),
        StarletteRoute(f"{ROOT}/sign-in", sign_in.enter, methods=["POST"]),
        StarletteRoute(f"{ROOT}/sign-out", sign_in.leave, methods=["POST"]),
        *(_route(answers, route) for route in pages.ROUTES),
        StarletteRoute(ROOT, _home),
        StarletteRoute("/", _home),
    ]

    def broken(_request: Request, error: Exception) -> Response:
        words = f"The console is broken: {error!r}. Its log says more."
        return HTMLResponse(draw("trouble.html", {"title": "That did not work", "words": words}), 500)

    def missing(request: Request, error: Exception) -> Response:
        words = "This page does not exist."
        return HTMLResponse(draw("trouble.html", {"title": "Not here", "words": words}), 404)

    return SecurityHeaders(BodyLimit(Starlette(routes=routes, exception_handlers={404: missing, Exception: broken})))


def _route(answers: Answers, route: Route) -> StarletteRoute:
    path = f"{ROOT}{route.path[1:]}" if route.path.startswith("//") else f"{ROOT}/{{project}}{route.path}"
    methods = ["POST"] if isinstance(route, Action | Ask) else ["GET"]
    return StarletteRoute(path, answers.endpoint(route), methods=methods)


async def _home(_request: Request) -> Response:
    return RedirectResponse(f"{ROOT}/")


class _Files(StaticFiles):
    """A URL that names its content is kept by a browser for ever. What a script imports has no such URL, and is asked for each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_named = b"v=" in scope["query_string"]
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if is_named else "no-cache"
        return response
