"""REST APIs through the door."""

from __future__ import annotations

import threading
from collections import Counter

from mlsystem.engine.dataplane.state import ApiStage, FunctionVersion, Method, State
from tests.unit.engine.dataplane.rig import Answer, Rig, Seen


def test_versions_share_the_requests_of_an_alias_by_weight(rig: Rig) -> None:
    old, new = rig.upstream("old", b"old"), rig.upstream("new", b"new")
    versions = (FunctionVersion("api", "1", 0.9, (old.path,)), FunctionVersion("api", "2", 0.1, (new.path,)))
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", (Method("POST", "/api", versions),)),)))
    connection = rig.connect()
    bodies: Counter[bytes] = Counter()
    for _ in range(500):
        connection.request("POST", "/_api/a1b2/Prod/api?x=1", b"1")
        bodies[connection.getresponse().read()] += 1
    connection.close()
    assert set(bodies) == {b"old", b"new"}
    assert 20 <= bodies[b"new"] <= 80  # 50 expected, within 4.5 standard deviations
    assert {seen.path for seen in old.seen + new.seen} == {"/_api/a1b2/Prod/api?x=1"}


def test_the_most_specific_resource_takes_the_request(rig: Rig) -> None:
    hosts = {name: rig.upstream(name, name.encode()) for name in ("fixed", "item", "greedy", "root")}

    def versions(name: str) -> tuple[FunctionVersion, ...]:
        return (FunctionVersion(name, "$LATEST", 1, (hosts[name].path,)),)

    methods = (
        Method("ANY", "/{proxy+}", versions("greedy")),
        Method("GET", "/items/{id}", versions("item")),
        Method("ANY", "/items/latest", versions("fixed")),
        Method("GET", "/", versions("root")),
    )
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", methods),)))
    answers = {
        path: rig.request("GET", f"/_api/a1b2/Prod{path}").body
        for path in ("/items/latest", "/items/7", "/x/y", "", "/")
    }
    assert answers == {"/items/latest": b"fixed", "/items/7": b"item", "/x/y": b"greedy", "": b"root", "/": b"root"}
    assert rig.request("DELETE", "/_api/a1b2/Prod/items/latest").body == b"fixed"
    refused = rig.request("DELETE", "/_api/a1b2/Prod/items/7")
    assert (refused.status, refused.json) == (403, {"message": "Missing Authentication Token"})


def test_an_unknown_api_stage_or_resource_is_refused_as_api_gateway_does(rig: Rig) -> None:
    host = rig.upstream("host")
    method = Method("POST", "/api", (FunctionVersion("api", "1", 1, (host.path,)),))
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", (method,)),)))
    for path in ("/_api/zzzz/Prod/api", "/_api/a1b2/Dev/api", "/_api/a1b2/Production/api"):
        reply = rig.request("POST", path, b"1")
        assert (reply.status, reply.json) == (403, {"message": "Forbidden"})
        assert reply.headers["x-amzn-errortype"] == "ForbiddenException"
    reply = rig.request("POST", "/_api/a1b2/Prod/nothing", b"1")
    assert (reply.status, reply.json) == (403, {"message": "Missing Authentication Token"})
    assert reply.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert host.seen == []


def test_a_body_over_10_mib_is_too_long(rig: Rig) -> None:
    host = rig.upstream("host")
    method = Method("POST", "/api", (FunctionVersion("api", "1", 1, (host.path,)),))
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", (method,)),)))
    limit = 10 * 1024 * 1024
    assert rig.request("POST", "/_api/a1b2/Prod/api", b"x" * limit).status == 200
    chunked = rig.request("POST", "/_api/a1b2/Prod/api", iter([b"x" * limit, b"y"]))
    assert (chunked.status, chunked.json) == (413, {"message": "Request Too Long"})


def test_a_functions_own_errors_pass_as_they_are(rig: Rig) -> None:
    host = rig.upstream("host", lambda seen: Answer(int(seen.body), b'{"reason":"mine"}'))
    method = Method("POST", "/api", (FunctionVersion("api", "1", 1, (host.path,)),))
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", (method,)),)))
    for status in (400, 415, 500, 503):
        reply = rig.request("POST", "/_api/a1b2/Prod/api", str(status).encode())
        assert (reply.status, reply.body) == (status, b'{"reason":"mine"}')


def test_a_function_that_cannot_be_reached_or_takes_too_long_is_an_error_of_the_gateway(rig: Rig) -> None:
    release = threading.Event()

    def slow(_: Seen) -> Answer:
        release.wait(10)
        return Answer()

    host = rig.upstream("host", slow)
    methods = (
        Method("GET", "/absent", (FunctionVersion("absent", "1", 1, (str(rig.folder / "absent.sock"),)),)),
        Method("GET", "/none", (FunctionVersion("none", "1", 1, ()),)),
        Method("GET", "/slow", (FunctionVersion("slow", "1", 1, (host.path,)),)),
    )
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", methods, timeout_seconds=0.2),)))
    replies = {name: rig.request("GET", f"/_api/a1b2/Prod/{name}") for name in ("absent", "none", "slow")}
    release.set()
    assert {name: reply.status for name, reply in replies.items()} == {"absent": 502, "none": 502, "slow": 504}
    assert replies["absent"].json == {"message": "Internal server error"}
    assert replies["slow"].json == {"message": "Endpoint request timed out"}


def test_a_function_that_may_have_acted_is_not_asked_again(rig: Rig) -> None:
    def act_and_die(_: Seen) -> Answer:
        raise ConnectionAbortedError("the host dies after it has acted")

    hosts = [rig.upstream(name, act_and_die) for name in ("a", "b")]
    version = FunctionVersion("api", "1", 1, tuple(host.path for host in hosts))
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", (Method("POST", "/api", (version,)),)),)))
    assert rig.request("POST", "/_api/a1b2/Prod/api", b"1").status == 502
    assert sum(len(host.seen) for host in hosts) == 1


def test_a_host_that_refuses_is_passed_over(rig: Rig) -> None:
    host = rig.upstream("host", b"done")
    version = FunctionVersion("api", "1", 1, (host.path, str(rig.folder / "absent.sock")))
    rig.serve(State(rig.door, stages=(ApiStage("a1b2", "Prod", (Method("POST", "/api", (version,)),)),)))
    assert {rig.request("POST", "/_api/a1b2/Prod/api", b"1").body for _ in range(10)} == {b"done"}
