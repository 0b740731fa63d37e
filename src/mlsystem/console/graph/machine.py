"""The states of a definition in Amazon States Language, and what leads from one to the other.

https://states-language.net/spec.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    NEXT = "next"
    CHOICE = "choice"
    DEFAULT = "default"
    CATCH = "catch"


@dataclass(frozen=True)
class Edge:
    """`words` say when it is gone: the errors that are caught, or a condition."""

    source: str
    target: str
    kind: Kind
    words: str = ""


@dataclass(frozen=True)
class Node:
    """`inner`: the branches of a Parallel state, or what a Map state does with each item."""

    name: str
    type: str
    inner: tuple[Machine, ...] = ()


@dataclass(frozen=True)
class Machine:
    start: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def read(definition: Mapping[str, Any]) -> Machine:
    """What it does not know it leaves out: a picture is no validator."""
    states: Mapping[str, Mapping[str, Any]] = definition.get("States", {})
    nodes = tuple(Node(name, state.get("Type", ""), tuple(map(read, _inner(state)))) for name, state in states.items())
    edges = tuple(edge for name, state in states.items() for edge in _edges(name, state) if edge.target in states)
    return Machine(definition.get("StartAt", ""), nodes, edges)


def find_state(definition: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """A state's own definition, however deep it lies."""
    states: Mapping[str, Mapping[str, Any]] = definition.get("States", {})
    if name in states:
        return states[name]
    found = (find_state(inner, name) for state in states.values() for inner in _inner(state))
    return next((one for one in found if one is not None), None)


def _inner(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # `Iterator` is the older name of `ItemProcessor`.
    of_map = [state[name] for name in ("ItemProcessor", "Iterator") if name in state]
    return [*state.get("Branches", ()), *of_map]


def _edges(name: str, state: Mapping[str, Any]) -> Iterator[Edge]:
    if "Next" in state:
        yield Edge(name, state["Next"], Kind.NEXT)
    for rule in state.get("Choices", ()):
        yield Edge(name, rule.get("Next", ""), Kind.CHOICE, condition(rule))
    if "Default" in state:
        yield Edge(name, state["Default"], Kind.DEFAULT, "otherwise")
    for catcher in state.get("Catch", ()):
        yield Edge(name, catcher.get("Next", ""), Kind.CATCH, ", ".join(catcher.get("ErrorEquals", ())))


def condition(rule: Mapping[str, Any]) -> str:
    """Of a Choice rule in either query language."""
    if "Condition" in rule:
        return str(rule["Condition"])
    for joint, word in (("And", " and "), ("Or", " or ")):
        if joint in rule:
            return word.join(condition(one) for one in rule[joint])
    if "Not" in rule:
        return f"not ({condition(rule['Not'])})"
    compared = [f"{name} {value}" for name, value in rule.items() if name not in ("Variable", "Next", "Comment")]
    return " ".join((str(rule.get("Variable", "")), *compared)).strip()
