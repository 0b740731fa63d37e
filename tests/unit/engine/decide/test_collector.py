"""Which collector gets traces, by a URL or by OpenTelemetry's variables."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.collector import Collector, collector_of, read_collector
from mlsystem.engine.decide.errors import StartupError

LOCAL = Collector("127.0.0.1", 4318, "/v1/traces")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, LOCAL),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/otlp/"}, Collector("c", 80, "/otlp/v1/traces")),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:1/own"}, Collector("c", 1, "/own")),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:1"}, Collector("c", 1, "/")),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:1/own"},
            Collector("c", 1, "/own"),
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, None),
    ],
)
def test_the_variables_are_read_as_opentelemetry_says(environment: dict[str, str], expected: Collector | None) -> None:
    assert collector_of(environment) == expected


def test_an_address_of_ipv6_is_written_as_one() -> None:
    assert read_collector("http://[::1]:4318").url == "http://[::1]:4318/v1/traces"


@pytest.mark.parametrize(
    "url", ["https://c:4318", "c:4318", "http://", "http://u:p@c", "http://c:port", "http://c?x=1"]
)
def test_what_cannot_be_sent_to_is_refused_by_name(url: str) -> None:
    with pytest.raises(StartupError, match="traces cannot be sent to"):
        read_collector(url)


def test_another_protocol_is_refused_by_name() -> None:
    with pytest.raises(StartupError, match="http/protobuf only, not by grpc"):
        collector_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
