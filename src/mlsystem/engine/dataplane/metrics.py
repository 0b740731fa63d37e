"""AWS's metrics of endpoints and APIs, made from the requests that the door served. Pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html

An error metric has a 0 for every request that went well, as AWS's have: its average is the error rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlsystem.engine.dataplane.requests import Request
from mlsystem.engine.decide.metric_data import Datum, Dimensions, Series, metric_data

SAGEMAKER = "AWS/SageMaker"
API_GATEWAY = "AWS/ApiGateway"

# Namespace, name, unit, dimensions, value.
_Observation = tuple[str, str, str, Dimensions, float]


def request_metrics(
    requests: Iterable[Request],
    instance_counts: Mapping[tuple[str, str], int],
    api_names: Mapping[str, str],
) -> dict[str, list[Datum]]:
    """Metric data by namespace, one time stamp a second.

    `instance_counts`: instances in service by endpoint and variant; without it a variant has no
    InvocationsPerInstance. `api_names`: API names by id; the id stands in for a missing one.
    """
    return metric_data(
        (Series(namespace, name, unit, dimensions, request.started_ms // 1000), value)
        for request in requests
        for namespace, name, unit, dimensions, value in _observations(request, instance_counts, api_names)
    )


def idle_data(variants: Iterable[tuple[str, str]], second: int) -> dict[str, list[Datum]]:
    """What is told of variants, by endpoint and name, that had no request."""
    return metric_data(
        (Series(SAGEMAKER, name, "None", (("EndpointName", endpoint), ("VariantName", variant)), second), 0.0)
        for endpoint, variant in variants
        for name in ("Invocations", "InvocationsPerInstance")
    )


def _observations(
    request: Request, instance_counts: Mapping[tuple[str, str], int], api_names: Mapping[str, str]
) -> Iterator[_Observation]:
    if request.route[0] == "api":
        yield from _api_gateway(request, api_names)
    elif request.target is not None and not request.was_refused:
        yield from _sagemaker(request, request.target[1], request.target[2], instance_counts)


def _sagemaker(
    request: Request, endpoint: str, variant: str, instance_counts: Mapping[tuple[str, str], int]
) -> Iterator[_Observation]:
    dimensions = (("EndpointName", endpoint), ("VariantName", variant))
    status = _model_status(request)
    yield SAGEMAKER, "Invocations", "None", dimensions, 1
    yield SAGEMAKER, "Invocation4XXErrors", "None", dimensions, int(400 <= status < 500)
    yield SAGEMAKER, "Invocation5XXErrors", "None", dimensions, int(status >= 500)
    yield SAGEMAKER, "InvocationModelErrors", "None", dimensions, int(status >= 300)
    instances = instance_counts.get((endpoint, variant), 0)
    if instances:
        yield SAGEMAKER, "InvocationsPerInstance", "None", dimensions, 1 / instances
    if request.upstream_us is not None:
        yield SAGEMAKER, "ModelLatency", "Microseconds", dimensions, request.upstream_us
        if request.total_us is not None:
            overhead = max(0, request.total_us - request.upstream_us)
            yield SAGEMAKER, "OverheadLatency", "Microseconds", dimensions, overhead


def _model_status(request: Request) -> int:
    """The status that the container answered with.

    Where none of them answered, or not in time, the client had an error all the same: 503. 0 where the client did not
    wait.
    """
    if request.model_status is not None:
        return request.model_status
    return request.status if request.was_answered or request.status == 0 else 503


def _api_gateway(request: Request, api_names: Mapping[str, str]) -> Iterator[_Observation]:
    name = (("ApiName", api_names.get(request.route[1], request.route[1])),)
    for dimensions in (name, (*name, ("Stage", request.route[2]))):
        yield API_GATEWAY, "Count", "Count", dimensions, 1
        yield API_GATEWAY, "4XXError", "Count", dimensions, int(400 <= request.status < 500)
        yield API_GATEWAY, "5XXError", "Count", dimensions, int(request.status >= 500)
        if request.total_us is not None:
            yield API_GATEWAY, "Latency", "Milliseconds", dimensions, request.total_us / 1000
        if request.upstream_us is not None:
            yield API_GATEWAY, "IntegrationLatency", "Milliseconds", dimensions, request.upstream_us / 1000
