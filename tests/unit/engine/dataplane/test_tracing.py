"""Traces at a door alone: begun and ended while it runs, copies to shadow variants, and a collector that nobody can find."""

from __future__ import annotations

from dataclasses import replace

from mlsystem.engine.dataplane.state import Endpoint, Shadow, State, Variant
from mlsystem.engine.decide.collector import Collector, read_collector
from tests.live import eventually
from tests.otlp import Collector as Receiver
from tests.unit.engine.dataplane.rig import Rig, await_true


def test_a_copy_for_a_shadow_variant_is_in_the_trace_of_its_request(rig: Rig) -> None:
    production, shadow = rig.upstream("production", b"0.5"), rig.upstream("shadow", b"0.6")
    copied = Shadow(Variant("Next", 1, (shadow.path,)), 1.0)
    endpoint = Endpoint("flights", (Variant("A", 1, (production.path,)),), shadow=copied)
    with Receiver() as receiver:
        rig.serve(State(replace(rig.door, collector=read_collector(receiver.url)), endpoints=(endpoint,)))
        assert rig.invoke("flights", inference_id="one").body == b"0.5"
        await_true(lambda: len(shadow.seen) == 1, "the copy arrived")
        traces = [seen.headers["traceparent"].split("-")[1] for seen in (*production.seen, *shadow.seen)]
        assert traces[0] == traces[1]
        reached = {f"endpoint/flights/{name}/1" for name in ("A", "Next")}
        eventually(
            lambda: reached <= {span.attributes.get("upstream_cluster") for span in receiver.of_trace(traces[0])}
        )


def test_traces_are_begun_and_ended_while_the_door_is_open(rig: Rig) -> None:
    production = rig.upstream("production", b"0.5")
    plain = State(rig.door, endpoints=(Endpoint("flights", (Variant("A", 1, (production.path,)),)),))
    traced = replace(plain, door=replace(rig.door, collector=Collector("collector.invalid", 4318, "/v1/traces")))
    for state in (plain, traced, plain):
        rig.serve(state)
        assert rig.invoke("flights").body == b"0.5"
    assert ["traceparent" in seen.headers for seen in production.seen] == [False, True, False]
