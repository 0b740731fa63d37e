"""Traces: a span of each request to an API or an endpoint, and one below it of what its function or instance does.

Envoy writes them, and sends them to the collector by OTLP. It takes up the trace of who asks (W3C's traceparent), whose word on
whether to record it counts, and hands it on; so what a function asks of an endpoint is in the trace of the API's request. Where there is
no collector, nothing of this is in the configuration.
https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

from mlsystem.engine.dataplane.state import ApiStage, Door, Endpoint, Method
from mlsystem.engine.dataplane.typed import Json, extension
from mlsystem.engine.decide.collector import Collector

COLLECTOR = "collector"
SERVICE = "mlsystem"
# As OpenTelemetry's conventions for AWS's SDKs call it.
INVOKE_ENDPOINT = "SageMaker Runtime.InvokeEndpoint"
INFERENCE_ID = "x-amzn-sagemaker-inference-id"


def of_connections(door: Door) -> Json:
    """What a connection manager has for it. Only routes that say so begin traces: what goes to the control plane does not."""
    if door.collector is None:
        return {}
    exporter = {"http_uri": {"uri": door.collector.url, "cluster": COLLECTOR, "timeout": "5s"}}
    provider = extension(
        "envoy.tracers.opentelemetry",
        "config.trace.v3.OpenTelemetryConfig",
        http_service=exporter,
        service_name=SERVICE,
    )
    return {"tracing": {"provider": provider, "random_sampling": {"value": 0}, "spawn_upstream_span": True}}


def of_endpoint(endpoint: Endpoint, door: Door) -> Json:
    """What a route to an endpoint has for it."""
    tags = {
        "rpc.system": "aws-api",
        "rpc.service": "SageMaker Runtime",
        "rpc.method": "InvokeEndpoint",
        "aws.sagemaker.endpoint": endpoint.name,
    }
    by_id = {"tag": "aws.sagemaker.inference_id", "request_header": {"name": INFERENCE_ID}}
    return _of_route(door, INVOKE_ENDPOINT, "POST /invocations", tags, by_id)


def of_method(method: Method, stage: ApiStage, door: Door) -> Json:
    """What the routes of an API's method have for it."""
    tags = {
        "http.route": method.resource,
        "aws.api_gateway.rest_api": stage.api_id,
        "aws.api_gateway.stage": stage.stage,
    }
    return _of_route(door, f"%REQ(:METHOD)% {method.resource.replace('%', '%%')}", "Lambda.Invoke", tags)


def _of_route(door: Door, name: str, upstream_name: str, tags: dict[str, str], *others: Json) -> Json:
    if door.collector is None:
        return {}
    literal = [{"tag": tag, "literal": {"value": value}} for tag, value in tags.items()]
    return {
        "tracing": {
            "random_sampling": {"numerator": 100},
            "operation": name,
            "upstream_operation": upstream_name,
            "custom_tags": [*literal, *others],
        }
    }


def collector_cluster(collector: Collector) -> Json:
    """One that does not answer costs its spans, and no request."""
    address = {"socket_address": {"address": collector.host, "port_value": collector.port}}
    return {
        "name": COLLECTOR,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "load_assignment": {
            "cluster_name": COLLECTOR,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        "connect_timeout": "1s",
    }
