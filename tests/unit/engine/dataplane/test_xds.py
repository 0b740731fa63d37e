"""The order in which a change is written."""

from __future__ import annotations

import json
from pathlib import Path

from mlsystem.engine.dataplane import xds
from mlsystem.engine.dataplane.layout import Layout
from mlsystem.engine.dataplane.state import Door, Endpoint, State, Variant
from mlsystem.engine.decide.arn import Scope

LAYOUT = Layout(Path("/d"))
DOOR = Door(Scope("123456789012", "eu-west-1"), 4580, "/run/control.sock")
ONE = State(DOOR, endpoints=(Endpoint("one", (Variant("A", 1, ("/run/a.sock",)),)),))
TWO = State(DOOR, endpoints=(Endpoint("two", (Variant("A", 1, ("/run/a.sock",)),)),))


def test_equal_states_make_equal_files() -> None:
    assert xds.render(ONE, LAYOUT) == xds.render(ONE, LAYOUT)
    assert xds.plan(xds.render(ONE, LAYOUT), _written(ONE)) == []


def test_clusters_come_before_the_routes_that_name_them_and_go_after() -> None:
    steps = xds.plan(xds.render(TWO, LAYOUT), _written(ONE))
    assert [[file.path.name for file in step] for step in steps] == [
        ["clusters.json"],
        ["routes.json"],
        ["clusters.json"],
    ]
    assert [_clusters(step[0]) for step in steps if step[0].path == LAYOUT.clusters] == [
        ["control-plane", "endpoint/one/A/1", "endpoint/two/A/1"],
        ["control-plane", "endpoint/two/A/1"],
    ]


def test_at_every_step_of_any_order_every_route_has_its_clusters() -> None:
    for before in (None, ONE, TWO):
        files = _written(before) if before else {}
        for step in xds.plan(xds.render(TWO, LAYOUT), files):
            files |= {file.path: file.content for file in step}
            routed = _routed(files.get(LAYOUT.routes))
            assert routed <= set(_names(files[LAYOUT.clusters])) if routed else True
        assert files == _written(TWO)


def test_a_crash_after_any_step_is_made_good_by_planning_again() -> None:
    steps = xds.plan(xds.render(TWO, LAYOUT), _written(ONE))
    for done in range(len(steps) + 1):
        files = _written(ONE)
        for step in steps[:done]:
            files |= {file.path: file.content for file in step}
        for step in xds.plan(xds.render(TWO, LAYOUT), files):
            files |= {file.path: file.content for file in step}
        assert files == _written(TWO)


def test_weights_keep_their_share_to_a_millionth() -> None:
    variants = (Variant("A", 2.5, ("/a",)), Variant("B", 0.0000001, ("/b",)), Variant("C", 7.5, ("/c",)))
    state = State(DOOR, endpoints=(Endpoint("f", variants),))
    routes = json.loads(xds.render(state, LAYOUT).routes.content)["resources"][0]["virtual_hosts"][0]["routes"]
    weighted = [route for route in routes if route["name"] == "endpoint/f"][-1]["route"]["weighted_clusters"][
        "clusters"
    ]
    assert [cluster["weight"] for cluster in weighted] == [250000, 1, 750000]


def _written(state: State) -> dict[Path, str]:
    return {file.path: file.content for file in xds.render(state, LAYOUT).all()}


def _clusters(file: xds.XdsFile) -> list[str]:
    return _names(file.content)


def _names(content: str) -> list[str]:
    return [resource["name"] for resource in json.loads(content)["resources"]]


def _routed(content: str | None) -> set[str]:
    if content is None:
        return set()
    routes = json.loads(content)["resources"][0]["virtual_hosts"][0]["routes"]
    forwarded = [route["route"] for route in routes if "route" in route]
    weighted = [
        cluster["name"] for route in forwarded for cluster in route.get("weighted_clusters", {}).get("clusters", [])
    ]
    return {*weighted, *(route["cluster"] for route in forwarded if "cluster" in route)}
