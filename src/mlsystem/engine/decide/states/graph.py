"""What the states of a definition are to each other: transitions, reachability, names; and names of variables.

https://states-language.net/spec.html#transition. Step Functions refuses states that cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.faults import FaultList
from mlsystem.engine.decide.states.payload_template import SUFFIX

_LONGEST_VARIABLE = 80
RESERVED = "states"


def check_graph(definition: Mapping[str, Json], faults: FaultList) -> None:
    """Looks at whatever is there: missing parts are others' faults."""
    _check_flow(definition, "", faults)
    seen: set[str] = set()
    for name, location in _names(definition, ""):
        if name in seen:
            faults.add("DUPLICATE_STATE_NAME", f"Duplicate state name: {name}", location)
        seen.add(name)


def _states(flow: Json) -> dict[str, dict[str, Json]]:
    states = flow.get("States") if isinstance(flow, dict) else None
    if not isinstance(states, dict):
        return {}
    return {name: state for name, state in states.items() if isinstance(state, dict)}


def inner_flows(state: Mapping[str, Json], location: str) -> Iterator[tuple[Json, str]]:
    """Branches and item processors, with their locations."""
    branches = state.get("Branches")
    for place, branch in enumerate(branches if isinstance(branches, list) else []):
        yield branch, f"{location}/Branches[{place}]"
    for name in ("ItemProcessor", "Iterator"):
        if name in state:
            yield state[name], f"{location}/{name}"


def _names(flow: Json, location: str) -> Iterator[tuple[str, str]]:
    for name, state in _states(flow).items():
        here = f"{location}/States/{name}"
        yield name, here
        for inner, where in inner_flows(state, here):
            yield from _names(inner, where)


def entries(state: Mapping[str, Json], name: str) -> list[tuple[str, Mapping[str, Json]]]:
    """The Choice Rules or Catchers of a state, with the end of their location."""
    value = state.get(name)
    listed = value if isinstance(value, list) else []
    return [(f"{name}[{place}]", entry) for place, entry in enumerate(listed) if isinstance(entry, dict)]


def _targets(state: Mapping[str, Json]) -> Iterator[tuple[str, str, Json]]:
    """Field, end of location and target of every transition."""
    for name in ("Next", "Default"):
        if name in state:
            yield name, name, state[name]
    for place, entry in entries(state, "Choices") + entries(state, "Catch"):
        if "Next" in entry:
            yield "Next", f"{place}/Next", entry["Next"]


def _check_flow(flow: Json, location: str, faults: FaultList) -> None:
    states = _states(flow)
    if not states:
        return
    start = flow.get("StartAt")
    if isinstance(start, str) and start not in states:
        faults.target(f"Missing 'StartAt' target: {start}", f"{location}/StartAt")
    for name, state in states.items():
        for field, place, target in _targets(state):
            if isinstance(target, str) and target not in states:
                faults.target(f"Missing '{field}' target: {target}", f"{location}/States/{name}/{place}")
    _check_reach(states, start, location, faults)
    _check_variables(states, location, faults)
    for name, state in states.items():
        for inner, where in inner_flows(state, f"{location}/States/{name}"):
            _check_flow(inner, where, faults)


def _check_reach(states: Mapping[str, Mapping[str, Json]], start: Json, location: str, faults: FaultList) -> None:
    if not isinstance(start, str) or start not in states:
        return
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name in states and name not in reached:
            reached.add(name)
            ahead += [target for _, _, target in _targets(states[name]) if isinstance(target, str)]
    for name in states:
        if name not in reached:
            faults.target(f'State "{name}" is not reachable.', f"{location}/States/{name}")
    if not any(_is_terminal(states[name]) for name in reached):
        faults.add("MISSING_END_STATE", "No terminal state can be reached", location)


def _is_terminal(state: Mapping[str, Json]) -> bool:
    return state.get("End") is True or state.get("Type") in ("Succeed", "Fail")


def _check_variables(states: Mapping[str, Mapping[str, Json]], location: str, faults: FaultList) -> None:
    """Names of variables. Whether an inner scope takes one of an outer scope shows when it runs, as on AWS."""
    for name, state in states.items():
        for place, variable in _assigned(state):
            where = f"{location}/States/{name}{place}/Assign"
            if variable == RESERVED:
                faults.schema(f"The variable '{RESERVED}' is reserved", where)
            elif not variable.isidentifier() or variable.startswith("_") or len(variable) > _LONGEST_VARIABLE:
                faults.schema(f"'{variable}' is no name for a variable", where)


def _assigned(state: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The end of the location and the name of every variable that the state may assign."""
    places = [("", state), *((f"/{place}", one) for place, one in entries(state, "Choices") + entries(state, "Catch"))]
    for place, fields in places:
        assign = fields.get("Assign")
        for name in assign if isinstance(assign, dict) else {}:
            yield place, name.removesuffix(SUFFIX)
