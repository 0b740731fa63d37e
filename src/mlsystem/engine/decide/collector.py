"""Where traces are sent: a collector that takes OTLP over HTTP. Pure.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mlsystem.engine.decide.errors import StartupError

OF_ALL_SIGNALS = "OTEL_EXPORTER_OTLP_ENDPOINT"
OF_TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
IS_DISABLED = "OTEL_SDK_DISABLED"
SPOKEN = "http/protobuf"
TRACES_PATH = "/v1/traces"
DEFAULT_PORT = 80


@dataclass(frozen=True)
class Collector:
    """`path` is where it takes traces."""

    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.path}"


def read_collector(url: str, path: str = TRACES_PATH) -> Collector:
    """`path` comes behind the one of the URL. Raises StartupError."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise StartupError(f"traces cannot be sent to {url!r}: {error}") from error
    if parts.scheme != "http" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise StartupError(
            f"traces cannot be sent to {url!r}: name a collector as http://HOST:PORT, such as http://127.0.0.1:4318;"
            " one on this machine can send them on by TLS and with keys"
        )
    return Collector(parts.hostname, port, parts.path.rstrip("/") + path or "/")


def collector_of(environment: Mapping[str, str]) -> Collector | None:
    """The one that OpenTelemetry's variables name; None where they name none. Raises StartupError."""
    of_traces, of_all = environment.get(OF_TRACES), environment.get(OF_ALL_SIGNALS)
    if environment.get(IS_DISABLED, "").lower() == "true" or not (of_traces or of_all):
        return None
    protocol = next((environment[name] for name in PROTOCOLS if environment.get(name)), SPOKEN)
    if protocol != SPOKEN:
        raise StartupError(
            f"traces are sent by {SPOKEN} only, not by {protocol}: change {PROTOCOLS[0]}, or unset {OF_TRACES} and"
            f" {OF_ALL_SIGNALS}"
        )
    return read_collector(of_traces, path="") if of_traces else read_collector(of_all or "")
