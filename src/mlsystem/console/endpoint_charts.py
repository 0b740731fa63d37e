"""What an endpoint did, as charts: how much each instance had to do, how fully it was used, how fast and how well it answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from mlsystem.client.figures import Figure, Line
from mlsystem.console.charts import Chart, Series, lines

METRICS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
MICROSECONDS_A_MILLISECOND = 1000.0
MINUTE = 60


def figures_of(endpoint: str, variant: str) -> dict[str, Figure]:
    """By a name of ours."""
    of = {"EndpointName": endpoint, "VariantName": variant}
    return {
        "per_instance": Figure(METRICS, "InvocationsPerInstance", of, "Sum"),
        "requests": Figure(METRICS, "Invocations", of, "Sum"),
        "4xx": Figure(METRICS, "Invocation4XXErrors", of, "Sum"),
        "5xx": Figure(METRICS, "Invocation5XXErrors", of, "Sum"),
        "p50": Figure(METRICS, "ModelLatency", of, "p50"),
        "p99": Figure(METRICS, "ModelLatency", of, "p99"),
        "cpu": Figure(INSTANCES, "CPUUtilization", of, "Maximum"),
        "memory": Figure(INSTANCES, "MemoryUtilization", of, "Maximum"),
        "disk": Figure(INSTANCES, "DiskUtilization", of, "Maximum"),
    }


def charts_of(
    found: Mapping[str, Line], period: int, target: float | None, since: datetime, until: datetime
) -> dict[str, Chart]:
    """Those that have figures, by their titles. Counts are told a minute, whatever the period; `target` is that of target tracking."""
    minutes = period / MINUTE
    drawn = {
        "Invocations per instance": (
            [_series("invocations", found["per_instance"], minutes)],
            "a minute",
            target,
        ),
        "Utilisation of an instance": (
            [_series(name, found[key]) for name, key in (("CPU", "cpu"), ("memory", "memory"), ("disk", "disk"))],
            "%",
            None,
        ),
        "Requests and errors": (
            [
                _series("requests", found["requests"], minutes),
                replace(_series("4xx", found["4xx"], minutes), colour="warn"),
                replace(_series("5xx", found["5xx"], minutes), colour="bad"),
            ],
            "a minute",
            None,
        ),
        "Latency of the model": (
            [_series(name, found[name], MICROSECONDS_A_MILLISECOND) for name in ("p50", "p99")],
            "ms",
            None,
        ),
    }
    return {
        _words(title, unit, mark): lines(f"{title} over time, {unit}", series, "", mark, since, until)
        for title, (series, unit, mark) in drawn.items()
        if any(one.values for one in series)
    }


def _series(name: str, line: Line, divisor: float = 1.0) -> Series:
    return Series(name, line.at, [value / divisor for value in line.values])


def _words(title: str, unit: str, mark: float | None) -> str:
    """What stands above a chart: its legend has the place where ECharts would write the unit."""
    return f"{title}, {unit}" + (f" (it scales at {mark:g})" if mark is not None else "")


def by_name(figures: Mapping[str, Figure], found: Sequence[Line]) -> dict[str, Line]:
    return dict(zip(figures, found, strict=True))
