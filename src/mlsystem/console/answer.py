"""Answers requests for pages: lets in, loads, draws, streams; and makes of every failure a page that says what to do."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import anyio
from anyio import to_thread
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from mlsystem.client.acting import acting_for
from mlsystem.client.connection import Connection
from mlsystem.client.deployed import Deployed
from mlsystem.client.errors import ClientFailure, NotFound, NotRunning
from mlsystem.console.connections import Connections
from mlsystem.console.navigation import sections
from mlsystem.console.page import Action, Ask, Page, Raw, Route
from mlsystem.console.security.body import form_of
from mlsystem.console.security.gate import Gate
from mlsystem.console.security.mailed_link import BEARER, admit_by_link, brings_mailed_link
from mlsystem.console.security.people import Role
from mlsystem.console.security.refused import NotSignedIn, Refused
from mlsystem.console.security.session import Session
from mlsystem.console.view import draw, live_blocks
from mlsystem.console.visit import ROOT, Upload, Visit

log = logging.getLogger(__name__)

FAILURES = (ClientFailure, ClientError, BotoCoreError, ResponseParserError, Refused)
HEARTBEAT_SECONDS = 15.0
LOOKS_AT_ONCE = 8  # of all streams together: however many pages are open, a new one is answered
MARKS = "live"
ASKED_WRONGLY = ("Invalid", "Validation", "BadRequest")  # beginnings of AWS's codes
Endpoint = Callable[[Request], Awaitable[Response]]
Answered = TypeVar("Answered")


class Answers:
    """Makes endpoints of routes."""

    def __init__(self, connections: Connections, gate: Gate):
        self._connections = connections
        self._gate = gate
        self._deployed = Deployed()
        self._looks = anyio.CapacityLimiter(LOOKS_AT_ONCE)

    def endpoint(self, route: Route) -> Endpoint:
        async def answer(request: Request) -> Response:
            session = self._gate.sessions.read(request)
            try:
                self._gate.check_host(request)
                if not isinstance(route, Page | Raw):
                    await self._gate.check_form(request, session)
                return await self._answered(request, route, session)
            except NotSignedIn:
                return _to_sign_in(request)
            except FAILURES as error:
                return self.trouble(request, error, session)

        return answer

    async def _answered(self, request: Request, route: Route, session: Session | None) -> Response:
        form = await _form(request) if request.method == "POST" else ({}, {})
        visit = await to_thread.run_sync(self._visit, request, route, session, *form)
        match route:
            case Page():
                if "text/event-stream" in request.headers.get("accept", ""):
                    return self._stream(request, route)
                values = await to_thread.run_sync(route.load, visit)
                return await to_thread.run_sync(self._drawn, request, route, visit, values, session)
            case Ask():
                values = await to_thread.run_sync(for_person, route.load, visit)
                return HTMLResponse(draw(route.template, {**values, "visit": visit}))
            case Action():
                done = await to_thread.run_sync(for_person, route.do, visit)
                log.info("%s %s: %s", visit.person.name, request.url.path, done.words)
                led = RedirectResponse(visit.url(done.path), 303)
                self._gate.sessions.say(request, led, done.words)
                return led
            case Raw():
                response = await to_thread.run_sync(route.read, visit)
                response.headers.update(route.headers)
                return response

    def _visit(
        self,
        request: Request,
        route: Route,
        session: Session | None,
        form: Mapping[str, str],
        files: Mapping[str, Upload],
    ) -> Visit:
        """Of who may be here. Raises NotSignedIn, Refused."""
        brings_link = brings_mailed_link(route, form or request.query_params) and not self._gate.may(
            session, Role.APPROVER
        )
        person = BEARER if brings_link else self._gate.admit(session, route.role)
        connection = self._connections.current()
        projects = self._deployed.projects(connection)
        now = datetime.now(UTC)
        visit = Visit(connection, projects, person, request.path_params, request.query_params, form, files, now)
        return admit_by_link(visit, route.role) if brings_link else visit

    # ------------------------------------------------------------------ drawing
    def _drawn(
        self, request: Request, page: Page, visit: Visit, values: Mapping[str, Any], session: Session | None
    ) -> Response:
        held = session or self._gate.sessions.fresh()
        context = self._context(request, visit, values, held)
        context["live_url"] = _live_url(request, page, context)
        response = HTMLResponse(draw(page.template, context))
        if session is None:
            self._gate.sessions.write(request, response, held)
        if context["said"]:
            self._gate.sessions.hush(request, response)
        return response

    def _context(self, request: Request, visit: Visit, values: Mapping[str, Any], session: Session) -> dict[str, Any]:
        project = visit.project if "project" in visit.path else None
        return {
            **values,
            "visit": visit,
            "project": project,
            "sections": sections(project, request.url.path) if project and not visit.link else (),
            "person": visit.person,
            "may_approve": visit.person.may(Role.APPROVER),
            "may_steer": visit.person.may(Role.ADMIN),
            "signs_in": not self._gate.people.is_empty and not visit.link,
            "csrf_token": self._gate.sessions.csrf_token(session),
            "said": self._gate.sessions.said(request),
            "place": place(visit.connection),
            "live_url": "",
        }

    def _stream(self, request: Request, page: Page) -> Response:
        """Of what changes on the page, for as long as the browser listens, and its person may look: signing out ends it, and a day too."""

        def look() -> dict[str, str]:
            session = self._gate.sessions.read(request)
            visit = self._visit(request, page, session, {}, {})
            context = self._context(request, visit, page.load(visit), session or Session(""))
            return dict(live_blocks(page.template, context))

        async def events() -> AsyncIterator[str]:
            known = dict(item.partition(":")[::2] for item in request.query_params.get(MARKS, "").split(","))
            trouble, silent, is_over = "", 0.0, False
            pause = page.live_seconds or HEARTBEAT_SECONDS
            while not is_over:
                words = ""
                try:
                    found = await to_thread.run_sync(look, limiter=self._looks)
                    for name, content in found.items():
                        if known.get(name) != _mark(content):
                            known[name], silent = _mark(content), 0.0
                            yield _event(name, content)
                except FAILURES as error:
                    words, is_over = _told(error)[1], isinstance(error, Refused)
                if words != trouble:
                    trouble, silent = words, 0.0
                    yield _event("trouble", words and draw("parts/trouble.html", {"words": words}))
                await anyio.sleep(0 if is_over else pause)
                silent += pause
                if silent >= HEARTBEAT_SECONDS:
                    silent = 0.0
                    yield ": still here\n\n"

        return StreamingResponse(events(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    def trouble(self, request: Request, error: Exception, session: Session | None) -> Response:
        status, words = _told(error)
        if request.headers.get("hx-request"):
            return HTMLResponse(draw("parts/trouble.html", {"words": words}))
        title = {403: "Not allowed", 404: "Not here", 503: "Nobody answers"}.get(status, "That did not work")
        return HTMLResponse(draw("trouble.html", {"title": title, "words": words}), status)


def place(connection: Connection) -> str:
    """Where what is shown runs, for a person."""
    where = "local engine" if connection.target == "local" else "AWS"
    return f"{where}, {connection.region}"


def _told(error: Exception) -> tuple[int, str]:
    """The status and the words for a failure."""
    match error:
        case Refused():
            return error.status, str(error)
        case NotFound():
            return 404, str(error)
        case NotRunning() | EndpointConnectionError():
            return 503, str(error)
        case ClientError():
            words = f"{error.operation_name}: {error.response['Error'].get('Message') or error}"
            return (400 if error.response["Error"].get("Code", "").startswith(ASKED_WRONGLY) else 502), words
        case ResponseParserError():
            return 503, f"what answers is not AWS's API, or is ending: {error}"
        case _:
            return 409, str(error)


def for_person(do: Callable[[Visit], Answered], visit: Visit) -> Answered:
    """What the person has asked for, with their name in each request that it takes: all have the console's one key."""
    with acting_for(visit.person.name):
        return do(visit)


async def _form(request: Request) -> tuple[dict[str, str], dict[str, Upload]]:
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    for name, value in (await form_of(request)).multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                files[name] = Upload(value.filename, await value.read(), value.content_type or "")
        else:
            fields[name] = value
    return fields, files


def _to_sign_in(request: Request) -> Response:
    """And back afterwards."""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-refresh": "true"})
    here = request.url.path + (f"?{request.url.query}" if request.method == "GET" and request.url.query else "")
    return RedirectResponse(f"{ROOT}/sign-in?{urlencode({'next': here})}", 303)


def _live_url(request: Request, page: Page, context: Mapping[str, Any]) -> str:
    """Where the page's changes are streamed; empty for one that does not change. What it shows already need not be sent."""
    if page.live_seconds is None:
        return ""
    marks = ",".join(f"{name}:{_mark(content)}" for name, content in live_blocks(page.template, context))
    query = [(name, value) for name, value in request.query_params.multi_items() if name != MARKS]
    return f"{quote(request.url.path)}?{urlencode([*query, (MARKS, marks)])}"


def _mark(content: str) -> str:
    return hashlib.blake2s(content.encode(), digest_size=6).hexdigest()


def _event(name: str, content: str) -> str:
    lines = "".join(f"data: {line}\n" for line in content.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
