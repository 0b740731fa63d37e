"""A door with TLS: HTTPS alone for whoever comes over the network, either for workloads, and certificates that change under way."""

from __future__ import annotations

import http.client
import socket
import ssl
import warnings
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.state import Endpoint, Shadow, State, Variant, WorkloadDoor
from mlsystem.engine.front.authority import Authority, read_authority
from tests.live import eventually
from tests.unit.engine.dataplane.rig import Rig

ROLE = "arn:aws:sts::123456789012:assumed-role/api-role/function"


class Locked:
    """A rig whose door has TLS."""

    def __init__(self, rig: Rig):
        self.rig = rig
        self.authority: Authority = read_authority(rig.folder / "keys", datetime.now(UTC))
        self.present()
        rig.door = replace(rig.door, has_tls=True)

    def present(self) -> None:
        issued = self.authority.issue("127.0.0.1", datetime.now(UTC))
        self.rig.plane.present(issued.chain, issued.key)

    @property
    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.authority.pem)

    def connect(self, context: ssl.SSLContext | None = None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self.rig.door.port, timeout=30, context=context or self.trusting
        )

    def serial(self) -> str:
        """Of the certificate that a new connection is shown."""
        with (
            socket.create_connection(("127.0.0.1", self.rig.door.port), 10) as raw,
            self.trusting.wrap_socket(raw, server_hostname="localhost") as encrypted,
        ):
            shown = encrypted.getpeercert()
        assert shown is not None
        return str(shown["serialNumber"])


@pytest.fixture
def locked(rig: Rig) -> Locked:
    return Locked(rig)


def test_what_is_asked_by_https_arrives_and_is_told_so(locked: Locked) -> None:
    locked.rig.serve(State(locked.rig.door))
    connection = locked.connect()
    for _ in range(2):
        connection.request("PUT", "/bucket/key", b"x" * 300_000, {"x-forwarded-proto": "http"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"control plane")
    connection.close()
    first = locked.rig.control.seen[0]
    assert first.headers["x-forwarded-proto"] == "https"
    assert len(first.body) == 300_000


def test_who_does_not_know_the_authority_sends_nothing(locked: Locked) -> None:
    locked.rig.serve(State(locked.rig.door))
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        locked.connect(ssl.create_default_context()).request("GET", "/secret")
    assert locked.rig.control.seen == []


def test_plain_http_is_led_to_https_where_it_reads_and_told_where_it_sends(locked: Locked) -> None:
    locked.rig.serve(State(locked.rig.door))
    url = f"https://127.0.0.1:{locked.rig.door.port}"
    for method in ("GET", "HEAD"):
        led = locked.rig.request(method, "/bucket/key?X-Amz-Signature=abc")
        # For now: a browser that remembered it would find no engine that speaks HTTP later.
        assert (led.status, led.headers["location"]) == (307, f"{url}/bucket/key?X-Amz-Signature=abc")
        assert locked.rig.request(method, "/bucket/key", headers={"host": "evil.example"}).status == 400
    for method in ("POST", "PUT", "DELETE"):
        told = locked.rig.request(method, "/bucket/key", b"secret")
        assert told.status == 400
        assert f"speaks HTTPS: {url}" in told.body.decode()
    assert locked.rig.control.seen == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_of_tls_are_refused(locked: Locked, version: ssl.TLSVersion) -> None:
    locked.rig.serve(State(locked.rig.door))
    old = locked.trusting
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        locked.connect(old).request("GET", "/")
    assert locked.rig.control.seen == []


def test_a_new_certificate_is_shown_to_new_connections_and_cuts_no_old_one(locked: Locked) -> None:
    locked.rig.serve(State(locked.rig.door))
    kept = locked.connect()
    kept.request("GET", "/before")
    assert kept.getresponse().read() == b"control plane"
    local = kept.sock.getsockname()
    before = locked.serial()
    locked.present()
    eventually(lambda: locked.serial() != before)
    kept.request("GET", "/after")
    assert kept.getresponse().read() == b"control plane"
    assert kept.sock.getsockname() == local
    kept.close()


def test_a_workload_may_speak_either(locked: Locked) -> None:
    workload = WorkloadDoor(str(locked.rig.folder / "w.sock"), ROLE)
    locked.rig.serve(State(locked.rig.door, workloads=(workload,)))
    assert locked.rig.request("GET", "/plain", socket_path=workload.socket).body == b"control plane"
    inside = locked.rig.connect(workload.socket)
    inside.connect()
    inside.sock = locked.trusting.wrap_socket(inside.sock, server_hostname="127.0.0.1")
    inside.request("GET", "/encrypted")
    assert inside.getresponse().read() == b"control plane"
    inside.close()
    assert [seen.headers["x-mlsystem-principal"] for seen in locked.rig.control.seen] == [ROLE, ROLE]


def test_an_endpoint_behind_it_is_captured_and_shadowed_as_behind_any(locked: Locked) -> None:
    instance, shadow = locked.rig.upstream("a"), locked.rig.upstream("s")
    copied = Shadow(Variant("S", 1, (shadow.path,)), 1.0)
    endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),), is_captured=True, shadow=copied)
    locked.rig.serve(State(locked.rig.door, endpoints=(endpoint,)))
    connection = locked.connect()
    connection.request("POST", "/endpoints/flights/invocations", b"1,2", {"content-type": "text/csv"})
    assert connection.getresponse().read() == b"ok"
    connection.close()
    eventually(lambda: [seen.body for seen in shadow.seen] == [b"1,2"])


def test_sockets_that_say_nothing_are_counted_from_their_first_moment(rig: Rig) -> None:
    rig.plane = DataPlane(rig.folder / "few", flush_milliseconds=50, most_sockets=3)
    locked = Locked(rig)
    workload = WorkloadDoor(str(rig.folder / "w.sock"), ROLE)
    rig.serve(State(rig.door, workloads=(workload,)))
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection(("127.0.0.1", rig.door.port), 10))
        eventually(lambda: not _is_served(locked))
        assert rig.request("GET", "/plain", socket_path=workload.socket).status == 200
    eventually(lambda: _is_served(locked))


def _is_served(locked: Locked) -> bool:
    connection = locked.connect()
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_who_switches_it_on_and_off_keeps_the_port(rig: Rig) -> None:
    rig.serve(State(rig.door))
    assert rig.request("GET", "/").status == 200
    plain = rig.door
    locked = Locked(rig)
    rig.serve(State(rig.door))

    eventually(lambda: _is_served(locked))
    rig.serve(State(plain))
    eventually(lambda: rig.request("GET", "/").status == 200)


def _greeting() -> bytes:
    """A whole one, of a client that then says nothing more."""
    said = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return said.read()


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01", _greeting()], ids=["nothing", "a beginning", "a greeting"])
def test_who_never_ends_the_greeting_is_hung_up_on(rig: Rig, said: bytes) -> None:
    rig.door = replace(rig.door, headers_seconds=1.0)
    locked = Locked(rig)
    rig.serve(State(rig.door))
    with socket.create_connection(("127.0.0.1", rig.door.port), 10) as raw:
        raw.settimeout(30)
        raw.sendall(said)
        answer = raw.recv(10_000) if len(said) > 10 else b""  # the server's part of the greeting
        assert bool(answer) == (len(said) > 10)
        with suppress(ConnectionResetError):
            assert raw.recv(100) == b""
    assert locked.serial()
