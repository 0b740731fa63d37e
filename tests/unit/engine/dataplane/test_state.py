"""A state checks itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from mlsystem.engine.dataplane.errors import InvalidState
from mlsystem.engine.dataplane.state import (
    ApiStage,
    Door,
    Endpoint,
    FunctionVersion,
    Method,
    State,
    Variant,
    WorkloadDoor,
)
from mlsystem.engine.decide.arn import Scope

DOOR = Door(Scope("123456789012", "eu-west-1"), 4580, "/run/control.sock")
VARIANT = Variant("A", 1, ("/run/a.sock",))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Door(DOOR.scope, 4580, "/run/c.sock", host="0.0.0.0"), "loopback only"),
        (lambda: Door(DOOR.scope, 0, "/run/c.sock"), "port 0"),
        (lambda: Door(DOOR.scope, 4580, "relative.sock"), "not absolute"),
        (lambda: Variant("A", 1, ("/" + "x" * 107,)), "longer than the 107 bytes"),
        (lambda: Variant("A", -1, ()), "weight -1"),
        (lambda: Variant("A", float("nan"), ()), "weight nan"),
        (lambda: Endpoint("a/b", (VARIANT,)), "'a/b' is no endpoint"),
        (lambda: Endpoint("../x", (VARIANT,)), "is no endpoint"),
        (lambda: Endpoint("f", (VARIANT, VARIANT)), "variants of endpoint f: A/1 is there twice"),
        (lambda: Endpoint("f", (Variant("A", 0, ()),)), "endpoint f has nowhere to send a request"),
        (lambda: Endpoint("f", ()), "nowhere to send"),
        (lambda: Method("FETCH", "/", ()), "the method is none of"),
        (lambda: Method("GET", "api", ()), "'api' is no resource path"),
        (lambda: Method("GET", "/api", ()), "GET /api has nowhere"),
        (lambda: WorkloadDoor("/w", "a\nb"), "cannot stand in a header"),
        (lambda: WorkloadDoor("/w", "arn", ("a/b",)), "no endpoint pattern"),
        (lambda: State(DOOR, endpoints=(Endpoint("f", (VARIANT,)),) * 2), "endpoints: f is there twice"),
        (lambda: State(DOOR, workloads=(WorkloadDoor("/w", "a"),) * 2), "workload doors: /w is there twice"),
        (lambda: State(DOOR, stages=(_stage("/a"), _stage("/b", "Dev"))), "two sets of hosts"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(make: Callable[[], object], reason: str) -> None:
    with pytest.raises(InvalidState, match=reason):
        make()


def test_a_state_is_json() -> None:
    state = State(DOOR, (WorkloadDoor("/w", "arn", ("*",)),), (Endpoint("f", (VARIANT,)),), (_stage("/a"),))
    assert json.loads(json.dumps(asdict(state)))["endpoints"][0]["variants"][0]["name"] == "A"


def test_an_endpoint_that_is_being_created_needs_no_instance() -> None:
    assert Endpoint("f", (), is_in_service=False).variants == ()


def _stage(host: str, stage: str = "Prod") -> ApiStage:
    return ApiStage("a1", stage, (Method("GET", "/", (FunctionVersion("f", "1", 1, (host,)),)),))
