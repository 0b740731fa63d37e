"""Answers what comes to the host's socket: invocations of the engine, and requests of APIs straight from the front door."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid

from . import proxy
from .config import Config
from .http import Headers, Request, Response
from .invocation import Invocation, Outcome, failure
from .pool import Pool
from .stages import Stages, Target, parse_target
from .trace import XRAY_HEADER, with_xray_header

INVOCATIONS = "/2015-03-31/functions/function/invocations"
JSON: Headers = (("Content-Type", "application/json"),)
# An integration that takes longer is given up by API Gateway, although the function works on.
INTEGRATION_SECONDS = 29.0
# Lambda keeps no more of an answer.
LARGEST_RESPONSE_BYTES = 6 * 1024 * 1024
REMEMBERED = 256


class Host:
    def __init__(self, config: Config, pool: Pool, stages: Stages):
        self._config = config
        self._pool = pool
        self._stages = stages
        # Invocations that the engine repeats when it died before it wrote down that they were done.
        self._once: dict[str, asyncio.Task[Outcome]] = {}
        self._given_up: set[asyncio.Task[Outcome]] = set()

    async def answer(self, request: Request) -> Response:
        if request.target == INVOCATIONS:
            return await self._invocation(request)
        target = parse_target(request.target)
        if target is not None:
            return await self._api(request, target)
        return proxy.refusal(404, f"{request.target} is not here")

    # ------------------------------------------------------------------ the engine
    async def _invocation(self, request: Request) -> Response:
        invocation = Invocation(
            request_id=request.header("x-amzn-requestid") or str(uuid.uuid4()),
            payload=request.body or b"{}",
            resource=request.header("x-mlsystem-resource") or self._config.function,
            arn=request.header("x-mlsystem-arn") or self._config.arn,
            client_context=_decoded(request.header("x-amz-client-context")),
        )
        if request.header("x-mlsystem-once"):
            outcome = await self._invoke_once(invocation)
        else:
            outcome = await self._invoke(invocation)
        if outcome.kind == "throttled":
            return Response(429, JSON, outcome.payload)
        headers = [*JSON, ("X-Mlsystem-Log", base64.b64encode(outcome.last_lines()).decode())]
        if outcome.is_error:
            headers.append(("X-Amzn-Function-Error", "Unhandled"))
        return Response(200, tuple(headers), outcome.payload)

    async def _invoke_once(self, invocation: Invocation) -> Outcome:
        """The same request again joins the one that runs, or gets the answer that there was."""
        task = self._once.get(invocation.request_id)
        if task is None or (task.done() and task.result().kind == "throttled"):
            task = asyncio.get_running_loop().create_task(self._invoke(invocation))
            self._once[invocation.request_id] = task
            while len(self._once) > REMEMBERED:
                self._once.pop(next(iter(self._once)))
        return await asyncio.shield(task)

    async def _invoke(self, invocation: Invocation) -> Outcome:
        outcome = await self._pool.invoke(invocation)
        if len(outcome.payload) > LARGEST_RESPONSE_BYTES:
            words = f"Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE_BYTES} bytes)."
            too_large = failure("Function.ResponseSizeTooLarge", words)
            too_large.tail = outcome.tail
            return too_large
        return outcome

    # ------------------------------------------------------------------ the door
    async def _api(self, request: Request, target: Target) -> Response:
        request = with_xray_header(request)
        given = request.header("x-request-id")
        request_id = given or str(uuid.uuid4())
        response = await self._integrate(request, target, request_id)
        # The door tells the id itself, where the request came through it.
        own: Headers = () if given else (("x-amzn-RequestId", request_id),)
        return Response(response.status, (*response.headers, *own), response.body)

    async def _integrate(self, request: Request, target: Target, request_id: str) -> Response:
        stage = self._stages.get(target.api_id, target.stage)
        found = stage.find(request.method, target.path) if stage is not None else None
        if stage is None or found is None:
            return proxy.refusal(403, "Missing Authentication Token")
        integration, parameters = found
        if not integration.is_permitted:
            return proxy.refusal(500, "Internal server error")
        circumstances = proxy.Circumstances(request_id, uuid.uuid4().hex[:15] + "=", time.time())
        event = json.dumps(proxy.event(request, target, stage, integration, parameters, circumstances)).encode()
        if len(event) > proxy.LARGEST_EVENT_BYTES:
            return proxy.refusal(413, "Request Too Long")
        trace_id = request.header(XRAY_HEADER)
        invocation = Invocation(str(uuid.uuid4()), event, integration.target, integration.arn, trace_id=trace_id)
        task = asyncio.get_running_loop().create_task(self._invoke(invocation))
        done, _ = await asyncio.wait([task], timeout=INTEGRATION_SECONDS)
        if not done:
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)
            return proxy.refusal(504, "Endpoint request timed out")
        return _api_answer(task.result(), request, self._stages, target)


def _api_answer(outcome: Outcome, request: Request, stages: Stages, target: Target) -> Response:
    if outcome.kind == "throttled":
        return proxy.refusal(429, "Too Many Requests")
    stage = stages.get(target.api_id, target.stage)
    if outcome.is_error or stage is None:
        return proxy.refusal(502, "Internal server error")
    return proxy.answer(outcome.payload, request, stage)


def _decoded(text: str | None) -> str | None:
    return None if text is None else base64.b64decode(text).decode(errors="replace")
