"""What waits for what: cycles, and the layers that may be worked on at the same time."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mlsystem.engine.decide.template.errors import TemplateError

Dependencies = Mapping[str, Collection[str]]


def check_cycles(dependencies: Dependencies) -> None:
    """Raises TemplateError that names the resources of the first cycle, in their order."""
    cycle = find_cycle(dependencies)
    if cycle:
        raise TemplateError(f"Circular dependency between resources: [{', '.join(cycle)}]", ("Resources", cycle[0]))


def find_cycle(dependencies: Dependencies) -> list[str]:
    """Names that wait for each other in a ring, or nothing."""
    layered = {name for layer in _peel(dependencies) for name in layer}
    stuck = [name for name in dependencies if name not in layered]
    if not stuck:
        return []
    # Each name that is stuck waits for another one that is: following them must come back.
    trail: list[str] = [stuck[0]]
    while True:
        following = next(name for name in dependencies[trail[-1]] if name in dependencies and name not in layered)
        if following in trail:
            return trail[trail.index(following) :]
        trail.append(following)


def layers(dependencies: Dependencies) -> list[list[str]]:
    """Every name, after all that it depends on; the names of one layer do not depend on each other.

    Names that are depended on but not listed count as done. Raises TemplateError for a cycle.
    """
    check_cycles(dependencies)
    return _peel(dependencies)


def _peel(dependencies: Dependencies) -> list[list[str]]:
    """Layers, as far as cycles let them be."""
    left = {name: {other for other in others if other in dependencies} for name, others in dependencies.items()}
    result: list[list[str]] = []
    while ready := [name for name, others in left.items() if not others]:
        result.append(ready)
        for name in ready:
            del left[name]
        for others in left.values():
            others.difference_update(ready)
    return result
