"""AWS's metrics of endpoints and APIs, made from the requests that the door served. Pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html

An error metric has a 0 for every request that went well, as AWS's have: its average is the error rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from mlsystem.engine.dataplane.requests import Request
from mlsystem.engine.decide.metric_data import Datum, Dimensions, Series, data_of_many, metric_data

SAGEMAKER = "AWS/SageMaker"
API_GATEWAY = "AWS/ApiGateway"

# Namespace, name, unit, dimensions; and a value for each request.
_Observed = tuple[str, str, str, Dimensions, list[float]]


def request_metrics(
    requests: Iterable[Request],
    instance_counts: Mapping[tuple[str, str], int],
    api_names: Mapping[str, str],
) -> dict[str, list[Datum]]:
    """Metric data by namespace, one time stamp a second.

    `instance_counts`: instances in service by endpoint and variant; without it a variant has no
    InvocationsPerInstance. `api_names`: API names by id; the id stands in for a missing one.
    """
    alike: defaultdict[tuple[int, tuple[str, ...], tuple[str, ...] | None], list[Request]] = defaultdict(list)
    for request in requests:
        alike[(request.started_ms // 1000, request.route, request.target)].append(request)
    return data_of_many(
        (Series(namespace, name, unit, dimensions, second), values)
        for (second, route, target), those in alike.items()
        for namespace, name, unit, dimensions, values in _observed(route, target, those, instance_counts, api_names)
    )


def idle_data(variants: Iterable[tuple[str, str]], second: int) -> dict[str, list[Datum]]:
    """What is told of variants, by endpoint and name, that had no request."""
    return metric_data(
        (Series(SAGEMAKER, name, "None", (("EndpointName", endpoint), ("VariantName", variant)), second), 0.0)
        for endpoint, variant in variants
        for name in ("Invocations", "InvocationsPerInstance")
    )


def _observed(
    route: tuple[str, ...],
    target: tuple[str, ...] | None,
    requests: list[Request],
    instance_counts: Mapping[tuple[str, str], int],
    api_names: Mapping[str, str],
) -> Iterator[_Observed]:
    """Of requests with the same route and target."""
    if route[0] == "api":
        yield from _api_gateway(route, requests, api_names)
    elif target is not None:
        invocations = [request for request in requests if not request.was_refused]
        if invocations:
            yield from _sagemaker(target, invocations, instance_counts)


def _sagemaker(
    target: tuple[str, ...], requests: list[Request], instance_counts: Mapping[tuple[str, str], int]
) -> Iterator[_Observed]:
    endpoint, variant = target[1:3]
    dimensions = (("EndpointName", endpoint), ("VariantName", variant))
    statuses = [_model_status(request) for request in requests]
    counted = {
        "Invocations": [1.0] * len(statuses),
        "Invocation4XXErrors": [float(400 <= status < 500) for status in statuses],
        "Invocation5XXErrors": [float(status >= 500) for status in statuses],
        "InvocationModelErrors": [float(status >= 300) for status in statuses],
    }
    instances = instance_counts.get((endpoint, variant), 0)
    if instances:
        counted["InvocationsPerInstance"] = [1 / instances] * len(statuses)
    for name, values in counted.items():
        yield SAGEMAKER, name, "None", dimensions, values
    times = [(request.upstream_us, request.total_us) for request in requests if request.upstream_us is not None]
    yield SAGEMAKER, "ModelLatency", "Microseconds", dimensions, [float(upstream) for upstream, _ in times]
    overheads = [float(max(0, total - upstream)) for upstream, total in times if total is not None]
    yield SAGEMAKER, "OverheadLatency", "Microseconds", dimensions, overheads


def _model_status(request: Request) -> int:
    """The status that the container answered with.

    Where none of them answered, or not in time, the client had an error all the same: 503. 0 where the client did not
    wait.
    """
    if request.model_status is not None:
        return request.model_status
    return request.status if request.was_answered or request.status == 0 else 503


def _api_gateway(route: tuple[str, ...], requests: list[Request], api_names: Mapping[str, str]) -> Iterator[_Observed]:
    name = (("ApiName", api_names.get(route[1], route[1])),)
    statuses = [request.status for request in requests]
    latencies = [request.total_us / 1000 for request in requests if request.total_us is not None]
    upstream = [request.upstream_us / 1000 for request in requests if request.upstream_us is not None]
    for dimensions in (name, (*name, ("Stage", route[2]))):
        yield API_GATEWAY, "Count", "Count", dimensions, [1.0] * len(statuses)
        yield API_GATEWAY, "4XXError", "Count", dimensions, [float(400 <= status < 500) for status in statuses]
        yield API_GATEWAY, "5XXError", "Count", dimensions, [float(status >= 500) for status in statuses]
        yield API_GATEWAY, "Latency", "Milliseconds", dimensions, latencies
        yield API_GATEWAY, "IntegrationLatency", "Milliseconds", dimensions, upstream
