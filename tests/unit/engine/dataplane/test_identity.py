"""Who speaks through which door, and what they may."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.dataplane.state import Endpoint, State, Variant, WorkloadDoor
from tests.unit.engine.dataplane.rig import Answer, Rig, Seen

ROLE = "arn:aws:sts::123456789012:assumed-role/api-role/function"


def test_nobody_outside_can_claim_a_principal_or_steer_the_proxy(rig: Rig) -> None:
    rig.serve(State(rig.door))
    claims = {
        "x-mlsystem-principal": "arn:aws:iam::123456789012:root",
        "X-MLSystem-Anything": "1",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-envoy-original-path": "/elsewhere",
        "x-request-id": "chosen",
        "x-kept": "yes",
    }
    rig.request("GET", "/bucket/key", headers=claims)
    headers = rig.control.seen[0].headers
    assert not [name for name in headers if name.startswith("x-mlsystem-")]
    assert not {"x-envoy-upstream-rq-timeout-ms", "x-envoy-original-path"} & set(headers)
    assert headers["x-kept"] == "yes"
    assert headers["x-request-id"] != "chosen"


def test_a_workloads_door_writes_down_its_principal(rig: Rig) -> None:
    workload = WorkloadDoor(str(rig.folder / "w.sock"), ROLE)
    rig.serve(State(rig.door, workloads=(workload,)))
    claim = {"x-mlsystem-principal": "arn:aws:iam::123456789012:root"}
    reply = rig.request("PUT", "/bucket/key", b"x", claim, socket_path=workload.socket)
    assert reply.body == b"control plane"
    assert rig.control.seen[0].headers["x-mlsystem-principal"] == ROLE


def test_a_container_does_not_see_who_called(rig: Rig) -> None:
    instance = rig.upstream("a")
    workload = WorkloadDoor(str(rig.folder / "w.sock"), ROLE, ("*",))
    endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),))
    rig.serve(State(rig.door, workloads=(workload,), endpoints=(endpoint,)))
    assert rig.request("POST", "/endpoints/flights/invocations", b"1", socket_path=workload.socket).status == 200
    assert "x-mlsystem-principal" not in instance.seen[0].headers


def test_a_workload_invokes_what_its_policies_allow(rig: Rig) -> None:
    instance = rig.upstream("a")
    names = ("flights", "flights-2", "other")
    endpoints = tuple(Endpoint(name, (Variant("A", 1, (instance.path,)),)) for name in names)
    policies: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[int, int, int, int]] = {
        ((), ()): (403, 403, 403, 403),
        (("flights",), ()): (200, 403, 403, 403),
        (("flights*",), ("*-2",)): (200, 403, 403, 403),
        (("*",), ()): (200, 200, 200, 400),
        (("flight?", "o*r"), ()): (200, 403, 200, 403),
    }
    doors = {
        policy: WorkloadDoor(str(rig.folder / f"w{number}.sock"), ROLE, *policy)
        for number, policy in enumerate(policies)
    }
    rig.control.answer = _refuser
    rig.serve(State(rig.door, tuple(doors.values()), endpoints))

    def status(name: str, socket_path: str) -> int:
        return rig.request("POST", f"/endpoints/{name}/invocations", b"1", socket_path=socket_path).status

    for policy, verdicts in policies.items():
        assert tuple(status(name, doors[policy].socket) for name in (*names, "absent")) == verdicts, policy
    assert rig.invoke("other").status == 200


def test_what_is_not_let_in_at_once_is_decided_by_the_control_plane(rig: Rig) -> None:
    instance = rig.upstream("a")
    workload = WorkloadDoor(str(rig.folder / "w.sock"), ROLE, ("other",))
    endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),))
    rig.control.answer = _authorizer
    rig.serve(State(rig.door, (workload,), (endpoint,)))
    path = "/endpoints/flights/invocations"
    assert rig.request("POST", path, b"good", socket_path=workload.socket).status == 200
    reply = rig.request("POST", path, b"bad", socket_path=workload.socket)
    assert (reply.status, reply.headers["x-amzn-errortype"], reply.json["message"]) == (
        403,
        "InvalidSignatureException",
        "no",
    )
    assert [seen.path for seen in rig.control.seen] == [f"/_authorize{path}"] * 2
    assert len(instance.seen) == 1


def test_who_has_a_role_s_session_is_asked_for_its_right_on_trusted_loopback_too(rig: Rig) -> None:
    endpoint = Endpoint("flights", (Variant("A", 1, (rig.upstream("a").path,)),))
    rig.control.answer = _refuser
    rig.serve(State(rig.door, endpoints=(endpoint,)))
    path = "/endpoints/flights/invocations"
    assert rig.request("POST", path, b"1").status == 200
    assert rig.request("POST", path, b"1", {"x-amz-security-token": "any"}).status == 403


def test_a_permission_that_changes_holds_for_the_next_request(rig: Rig) -> None:
    instance = rig.upstream("a")
    endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),))
    workload = WorkloadDoor(str(rig.folder / "w.sock"), ROLE)
    rig.control.answer = _refuser
    for allowed, expected in (((), 403), (("flights",), 200), ((), 403)):
        rig.serve(State(rig.door, (replace(workload, allowed_endpoints=allowed),), (endpoint,)))
        reply = rig.request("POST", "/endpoints/flights/invocations", b"1", socket_path=workload.socket)
        assert reply.status == expected


def test_a_connection_that_is_kept_alive_keeps_no_permission(rig: Rig) -> None:
    instance = rig.upstream("a")
    endpoint = Endpoint("flights", (Variant("A", 1, (instance.path,)),))
    workload = WorkloadDoor(str(rig.folder / "w.sock"), ROLE, ("flights",))
    rig.control.answer = _refuser
    rig.serve(State(rig.door, (workload,), (endpoint,)))
    connection = rig.connect(workload.socket)

    def status() -> int:
        connection.request("POST", "/endpoints/flights/invocations", b"1")
        response = connection.getresponse()
        response.read()
        return response.status

    assert status() == 200
    rig.serve(State(rig.door, (replace(workload, allowed_endpoints=()),), (endpoint,)))
    # The connection belongs to the door as it was: its next answer is the last one.
    assert [status() for _ in range(3)][1:] == [403, 403]
    connection.close()


def test_trust_in_loopback_can_be_taken_back_while_the_door_is_open(rig: Rig) -> None:
    endpoint = Endpoint("flights", (Variant("A", 1, (rig.upstream("a").path,)),))
    rig.control.answer = _authorizer
    rig.serve(State(rig.door, endpoints=(endpoint,)))
    assert rig.invoke("flights", b"bad").status == 200
    rig.serve(State(replace(rig.door, trusts_loopback=False), endpoints=(endpoint,)))
    assert rig.invoke("flights", b"bad").status == 403
    assert rig.invoke("flights", b"good").status == 200


def test_a_door_that_is_taken_away_is_closed(rig: Rig) -> None:
    workload = WorkloadDoor(str(rig.folder / "w.sock"), ROLE)
    rig.serve(State(rig.door, workloads=(workload,)))
    assert rig.request("GET", "/", socket_path=workload.socket).status == 200
    rig.serve(State(rig.door))
    with pytest.raises(OSError):
        rig.request("GET", "/", socket_path=workload.socket)


def test_without_trust_in_loopback_the_control_plane_is_asked_about_the_whole_signed_request(rig: Rig) -> None:
    instance = rig.upstream("a")
    rig.control.answer = _authorizer
    door = replace(rig.door, trusts_loopback=False)
    rig.serve(State(door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    runtime = rig.client("sagemaker-runtime")
    assert runtime.invoke_endpoint(EndpointName="flights", ContentType="text/csv", Body=b"good")["Body"].read() == b"ok"
    (asked,) = rig.control.seen
    assert (asked.method, asked.path) == ("POST", "/_authorize/endpoints/flights/invocations")
    assert asked.body == b"good"
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/")
    assert asked.headers["host"] == f"127.0.0.1:{rig.door.port}"
    assert {"x-amz-date", "content-type"} <= set(asked.headers)
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="flights", Body=b"bad")
    assert caught.value.response["Error"] == {"Code": "InvalidSignatureException", "Message": "no"}
    assert len(instance.seen) == 1


def test_without_trust_and_without_control_plane_nobody_invokes(rig: Rig) -> None:
    instance = rig.upstream("a")
    door = replace(rig.door, trusts_loopback=False, control_plane=str(rig.folder / "absent.sock"))
    rig.serve(State(door, endpoints=(Endpoint("flights", (Variant("A", 1, (instance.path,)),)),)))
    assert rig.invoke("flights").status == 503
    assert instance.seen == []


def test_what_goes_to_the_control_plane_is_not_checked_twice(rig: Rig) -> None:
    rig.serve(State(replace(rig.door, trusts_loopback=False)))
    rig.request("PUT", "/bucket/key", b"x")
    assert [seen.path for seen in rig.control.seen] == ["/bucket/key"]


def _refuser(seen: Seen) -> Answer:
    return Answer(403, b'{"message":"no"}', {"x-amzn-errortype": "AccessDeniedException"})


def _authorizer(seen: Seen) -> Answer:
    if seen.body == b"good":
        return Answer(200, b"", {"x-mlsystem-principal": ROLE})
    headers = {"x-amzn-errortype": "InvalidSignatureException", "content-type": "application/json"}
    return Answer(403, b'{"message":"no"}', headers)
