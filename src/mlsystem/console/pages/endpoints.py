"""Endpoints and the API: what answers, how it scales, what it had to do, and of what it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from mlsystem.client.api import ApiView, find_api
from mlsystem.client.connection import Connection
from mlsystem.client.endpoint import Endpoint, Variant
from mlsystem.client.endpoints import Endpoints
from mlsystem.client.errors import NotFound
from mlsystem.client.figures import fitting_period, read_figures
from mlsystem.client.scaling import read_scaling
from mlsystem.client.served_model import served_models
from mlsystem.client.trial_call import MOST_BYTES
from mlsystem.console.charts import Chart
from mlsystem.console.endpoint_charts import by_name, charts_of, figures_of
from mlsystem.console.page import Page
from mlsystem.console.ranges import USUAL, Range, range_of
from mlsystem.console.snippets import Snippet, api_snippets, endpoint_snippets
from mlsystem.console.visit import Visit

LOGS = "/aws/sagemaker/Endpoints/"


def load(visit: Visit) -> Mapping[str, Any]:
    endpoints = Endpoints(visit.connection, visit.project)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(find_api, visit.connection, visit.project)
        own = endpoints.own()
        others = endpoints.others(own, visit.query.get("older", ""))
    api = found.result()
    return {
        "endpoints": own,
        "others": others,
        "api": api,
        "snippets": _api_snippets(visit.connection, api) if api else (),
        "most_bytes": MOST_BYTES,
    }


def _api_snippets(connection: Connection, api: ApiView) -> tuple[Snippet, ...]:
    return api_snippets(api.url, api.auth, connection.region, has_authority=connection.tls() is not None)


def load_one(visit: Visit) -> Mapping[str, Any]:
    """`variant` and `range` of the query choose whose figures are shown, and how far back."""
    endpoints = Endpoints(visit.connection, visit.project)
    endpoint = endpoints.find(visit.path["name"])
    variant = _chosen(endpoint, visit.query.get("variant", ""))
    span = range_of(visit.query, visit.now, USUAL, "1h")
    with ThreadPoolExecutor(4) as pool:
        placed = pool.submit(endpoints.with_traffic, endpoint)
        models = pool.submit(served_models, visit.connection, endpoint)
        older = visit.query.get("older", "")
        scaled = pool.submit(read_scaling, visit.connection, endpoint.name, variant.name, older)
        draw = pool.submit(_figures, visit, endpoint, variant, span).result()
    scaling = scaled.result()
    return {
        "endpoint": placed.result(),
        "variant": variant,
        "models": models.result(),
        "scaling": scaling,
        "charts": draw(next((one.target for one in scaling.policies if one.target is not None), None)),
        "range": span,
        "log_group": LOGS + endpoint.name,
        "snippets": endpoint_snippets(endpoint.name, visit.connection.region),
        "most_bytes": MOST_BYTES,
    }


def _chosen(endpoint: Endpoint, name: str) -> Variant:
    """The first where none is named. Raises NotFound for an endpoint that has none yet, or not this one."""
    found = next((one for one in endpoint.variants if name in ("", one.name)), None)
    if found is None and name:
        raise NotFound(f"the endpoint {endpoint.name} has no variant {name}")
    return found or Variant("AllTraffic", None, None, None, None, "", is_shadow=False)


def _figures(
    visit: Visit, endpoint: Endpoint, variant: Variant, span: Range
) -> Callable[[float | None], Mapping[str, Chart]]:
    """What draws them, once the target of scaling is known. Up to the end of this minute: nothing changes between two."""
    until = visit.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    since, period = until - span.length, fitting_period(span.length)
    figures = figures_of(endpoint.name, variant.name)
    found = by_name(figures, read_figures(visit.connection, list(figures.values()), since, until, period))
    return lambda target: charts_of(found, period, target, since, until)


ROUTES = (
    Page("/endpoints", "endpoints.html", load, live_seconds=5),
    Page("/endpoints/{name}", "endpoint.html", load_one, live_seconds=5),
)
