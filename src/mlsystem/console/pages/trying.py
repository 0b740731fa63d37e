"""Trying an endpoint or the API by hand: a request as it is written or chosen, and everything that comes back.

Parts of the endpoints' pages. A key of the API is sent with the request and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.client.api import find_api
from mlsystem.client.endpoints import Endpoints
from mlsystem.client.errors import NotFound
from mlsystem.client.examples import find_examples
from mlsystem.client.served_model import served_models
from mlsystem.client.trial_call import Request, call_api, call_endpoint
from mlsystem.console.documents import DOCUMENTS
from mlsystem.console.page import Ask, Page
from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

FILES_OWN = "file"  # the content type that the browser gives the file
FALLBACK = "application/octet-stream"


def try_endpoint(visit: Visit) -> Mapping[str, Any]:
    return {"reply": call_endpoint(visit.connection, visit.path["name"], _request(visit))}


def try_api(visit: Visit) -> Mapping[str, Any]:
    api = find_api(visit.connection, visit.project)
    if api is None:
        raise NotFound("there is no API yet: production was never deployed")
    return {"reply": call_api(visit.connection, api.url, _request(visit), is_signed=api.auth == "IAM")}


def examples(visit: Visit) -> Mapping[str, Any]:
    """For an endpoint, and, without its name, for the API: those of the endpoint that has most of its traffic."""
    endpoints = Endpoints(visit.connection, visit.project)
    name = visit.query.get("endpoint", "")
    found = endpoints.find(name) if name else next((one for one in endpoints.own() if one.traffic), None)
    if found is None:
        return {"examples": []}
    return {"examples": find_examples(visit.connection, found, served_models(visit.connection, found), DOCUMENTS)}


def _request(visit: Visit) -> Request:
    """A file goes before what is written. Browsers end lines as e-mails do: rows are sent as they were meant."""
    form, file = visit.form, visit.files.get("file")
    kind = form.get("content_type", "")
    if kind == FILES_OWN:
        kind = (file.content_type if file else "") or FALLBACK
    return Request(
        body=file.content if file else form.get("body", "").replace("\r\n", "\n").encode(),
        content_type=kind,
        accept=form.get("accept", "").strip(),
        inference_id=form.get("inference_id", "").strip(),
        variant=form.get("variant", ""),
        api_key=form.get("api_key", "").strip(),
    )


ROUTES = (
    Ask("/endpoints/{name}/try", "parts/reply.html", try_endpoint, Role.APPROVER),
    Ask("/api/try", "parts/reply.html", try_api, Role.APPROVER),
    Page("/api/examples", "parts/examples.html", examples, role=Role.APPROVER),
)
