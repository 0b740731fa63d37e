"""What the front door serves, as plain values.

The rooms derive a `State` from their rows; `dataclasses.asdict` makes it JSON. A state checks itself when it is made,
so that whatever can be written down can be configured: names end up in paths, routes and file names, socket paths in
kernel structures of 108 bytes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlsystem.engine.dataplane.errors import InvalidState
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.collector import Collector

MIB = 1024 * 1024
LONGEST_SOCKET_PATH_BYTES = 107

# SageMaker's pattern for the names of endpoints and variants; API Gateway's for stages and ids; Lambda's for
# functions and versions.
_ENDPOINT_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_API_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_$.-]{1,140}")
_ALLOWED_NAME = re.compile(r"[a-zA-Z0-9*?-]{1,128}")
_RESOURCE_PATH = re.compile(r"/|(/([a-zA-Z0-9._:~-]+|\{[a-zA-Z0-9._-]+\+?\}))+")
_METHODS = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


@dataclass(frozen=True)
class Door:
    """The public listener, and who stands behind it.

    Everything that is not routed elsewhere goes to the socket `control_plane`. With `trusts_loopback` an invocation from this machine is
    let in unsigned, or signed by the account's own key; of what a role's session has signed, and without that trust of everything, the
    control plane is asked first (`POST /_authorize/...`). `collector` gets traces, where there is one.

    What a caller may take who sends nothing: `headers_seconds` for the head of a request, once it has begun; `idle_seconds` of a connection
    without a request; and all callers together `most_connections`, those of workloads not counted.

    With `has_tls` the public listener speaks HTTPS alone, and the doors of workloads, which no network leads to, HTTPS and HTTP; the
    certificate is what was last presented (`DataPlane.present`).
    """

    scope: Scope
    port: int
    control_plane: str
    host: str = "127.0.0.1"
    console: str | None = None
    mlflow: str | None = None
    trusts_loopback: bool = True
    collector: Collector | None = None
    headers_seconds: float = 10.0
    idle_seconds: float = 600.0
    most_connections: int = 4000
    has_tls: bool = False

    def __post_init__(self) -> None:
        if not ipaddress.ip_address(self.host).is_loopback:
            raise InvalidState(f"the door listens on loopback only, not on {self.host}")
        if not 0 < self.port < 65536:
            raise InvalidState(f"port {self.port} of the door is not between 1 and 65535")
        _check_sockets("the door", (self.control_plane, *filter(None, (self.console, self.mlflow))))


@dataclass(frozen=True)
class WorkloadDoor:
    """A door of workloads that have one role, or of all that come by no such door: then nothing is let in at once.

    `allowed_endpoints` and `denied_endpoints` are what the policies of the role say of `sagemaker:InvokeEndpoint`: endpoint names with
    IAM's wildcards `*` and `?`. What is allowed and not denied is let in at once; of all else the control plane is asked, which knows the
    conditions too.
    """

    socket: str
    principal_arn: str
    allowed_endpoints: tuple[str, ...] = ()
    denied_endpoints: tuple[str, ...] = ()
    mode: int = 0o600

    def __post_init__(self) -> None:
        _check_sockets(f"the door of {self.principal_arn}", (self.socket,))
        for name in (*self.allowed_endpoints, *self.denied_endpoints):
            _check_name("endpoint pattern", name, _ALLOWED_NAME)
        if not self.principal_arn.isprintable():
            raise InvalidState(f"the principal {self.principal_arn!r} cannot stand in a header")


@dataclass(frozen=True)
class Variant:
    """A production variant: its weight among the others, and the sockets of its instances.

    While an endpoint is updated a variant may be there twice, with its old `fleet` of instances and its new one.
    """

    name: str
    weight: float
    instances: tuple[str, ...]
    fleet: str = "1"

    def __post_init__(self) -> None:
        _check_name("variant", self.name, _ENDPOINT_NAME)
        _check_name("fleet", self.fleet, _ENDPOINT_NAME)
        _check_weight(f"variant {self.name}", self.weight)
        _check_sockets(f"variant {self.name}", self.instances)


@dataclass(frozen=True)
class Shadow:
    """A variant that gets copies of a part of the requests, and whose answers nobody gets."""

    variant: Variant
    part: float

    def __post_init__(self) -> None:
        if not 0 <= self.part <= 1:
            raise InvalidState(f"variant {self.variant.name} cannot get copies of {self.part} of the requests")


@dataclass(frozen=True)
class Endpoint:
    """An endpoint. One that is not in service answers as one that does not exist, as AWS does."""

    name: str
    variants: tuple[Variant, ...]
    is_in_service: bool = True
    is_captured: bool = False
    max_body_bytes: int = 6 * MIB
    timeout_seconds: float = 60.0
    shadow: Shadow | None = None

    @property
    def all_variants(self) -> tuple[Variant, ...]:
        return (*self.variants, self.shadow.variant) if self.shadow else self.variants

    def __post_init__(self) -> None:
        _check_name("endpoint", self.name, _ENDPOINT_NAME)
        fleets = (f"{variant.name}/{variant.fleet}" for variant in self.all_variants)
        _check_unique(f"variants of endpoint {self.name}", fleets)
        if self.is_in_service:
            _check_share(f"endpoint {self.name}", (variant.weight for variant in self.variants))


@dataclass(frozen=True)
class FunctionVersion:
    """A version of a function behind an alias: its weight, and the sockets of the hosts that run it."""

    function: str
    version: str
    weight: float
    hosts: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_name("function", self.function, _FUNCTION_NAME)
        _check_name("version", self.version, _FUNCTION_NAME)
        _check_weight(f"version {self.version} of function {self.function}", self.weight)
        _check_sockets(f"version {self.version} of function {self.function}", self.hosts)


@dataclass(frozen=True)
class Throttle:
    """A token bucket: requests at once, and requests a second after that. 0 of either lets nothing through."""

    burst: int
    rate_per_second: float

    def __post_init__(self) -> None:
        if self.burst < 0 or not 0 <= self.rate_per_second < float("inf"):
            raise InvalidState(
                f"a throttle of {self.burst} at {self.rate_per_second} a second is none: both are from 0 up"
            )

    @property
    def is_closed(self) -> bool:
        return self.burst == 0 or self.rate_per_second == 0


@dataclass(frozen=True)
class Client:
    """Who has an API key, and how much its usage plan grants."""

    key: str
    throttle: Throttle | None = None

    def __post_init__(self) -> None:
        if not self.key or not self.key.isascii() or not self.key.isprintable():
            raise InvalidState("an API key is empty or cannot stand in a header")


@dataclass(frozen=True)
class Method:
    """A method on a resource (`/api`, `/items/{id}`, `/{proxy+}`), and the versions that it is integrated with.

    `clients` None: whoever comes; else only those with one of the keys. `is_signed`: the control plane is asked whether the signature
    is right and its principal may call. `throttle` counts all clients together.
    """

    http_method: str
    resource: str
    versions: tuple[FunctionVersion, ...]
    clients: tuple[Client, ...] | None = None
    is_signed: bool = False
    throttle: Throttle | None = None

    def __post_init__(self) -> None:
        if self.http_method not in _METHODS:
            raise InvalidState(
                f"{self.http_method} {self.resource}: the method is none of {', '.join(sorted(_METHODS))}"
            )
        _check_name("resource path", self.resource, _RESOURCE_PATH)
        _check_share(f"{self.http_method} {self.resource}", (version.weight for version in self.versions))


@dataclass(frozen=True)
class ApiStage:
    """A deployed stage of a REST API, reached at `/_api/{api_id}/{stage}/...`."""

    api_id: str
    stage: str
    methods: tuple[Method, ...]
    max_body_bytes: int = 10 * MIB
    timeout_seconds: float = 29.0

    def __post_init__(self) -> None:
        _check_name("API id", self.api_id, _API_NAME)
        _check_name("stage", self.stage, _API_NAME)
        _check_unique(
            f"methods of stage {self.stage} of API {self.api_id}",
            (f"{m.http_method} {m.resource}" for m in self.methods),
        )


@dataclass(frozen=True)
class State:
    """Everything that the door serves."""

    door: Door
    workloads: tuple[WorkloadDoor, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    stages: tuple[ApiStage, ...] = ()

    def __post_init__(self) -> None:
        _check_unique("endpoints", (endpoint.name for endpoint in self.endpoints))
        _check_unique("stages", (f"{stage.api_id}/{stage.stage}" for stage in self.stages))
        _check_unique("workload doors", (workload.socket for workload in self.workloads))
        hosts: dict[tuple[str, str], tuple[str, ...]] = {}
        for version in (v for stage in self.stages for method in stage.methods for v in method.versions):
            if hosts.setdefault((version.function, version.version), version.hosts) != version.hosts:
                raise InvalidState(
                    f"version {version.version} of function {version.function} is given with two sets of hosts"
                )


def _check_name(kind: str, name: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(name):
        raise InvalidState(f"{name!r} is no {kind}: it must match {pattern.pattern}")


def _check_weight(owner: str, weight: float) -> None:
    if not 0 <= weight < float("inf"):
        raise InvalidState(f"{owner} has weight {weight}: it must be a number from 0 up")


def _check_share(owner: str, weights: Iterable[float]) -> None:
    if not any(weight > 0 for weight in weights):
        raise InvalidState(f"{owner} has nowhere to send a request: give one of its targets a weight above 0")


def _check_sockets(owner: str, paths: Iterable[str]) -> None:
    for path in paths:
        if not path.startswith("/"):
            raise InvalidState(f"{owner}: the socket path {path!r} is not absolute")
        if len(path.encode()) > LONGEST_SOCKET_PATH_BYTES:
            raise InvalidState(
                f"{owner}: the socket path {path} is longer than the {LONGEST_SOCKET_PATH_BYTES} bytes that the kernel "
                "allows"
            )


def _check_unique(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidState(f"{kind}: {name} is there twice")
        seen.add(name)
