"""Rings and layers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.template.graph import find_cycle, layers

names = st.sampled_from("ABCDEF")
graphs = st.dictionaries(names, st.sets(names, max_size=3), max_size=6)


def test_layers_keep_the_written_order() -> None:
    assert layers({"C": [], "A": [], "B": ["A", "C"], "D": ["unknown"]}) == [["C", "A", "D"], ["B"]]


@given(graphs)
def test_either_there_is_a_ring_or_everything_comes_after_what_it_needs(graph: dict[str, set[str]]) -> None:
    cycle = find_cycle(graph)
    if cycle:
        assert all(cycle[(position + 1) % len(cycle)] in graph[name] for position, name in enumerate(cycle))
        return
    done: set[str] = set()
    for layer in layers(graph):
        assert all(graph[name] & set(graph) <= done for name in layer)
        done |= set(layer)
    assert done == set(graph)
