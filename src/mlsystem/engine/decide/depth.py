"""How deep a document may be nested: libyaml's loader calls itself in C for each level, and takes the whole process with it; and what
works with documents calls itself for each level, too.
"""

from __future__ import annotations

from collections.abc import Iterable

import yaml

DEEPEST = 200
TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"


def check_depth(text: str) -> None:
    """Raises yaml.YAMLError for a text that is nested too deeply, or is none: the reader of events has no depth of its own."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(TOO_DEEP)


def is_too_deep(value: object) -> bool:
    """Of what was read from JSON."""
    level: Iterable[object] = [value]
    for _ in range(DEEPEST + 1):
        collections = [one for one in level if isinstance(one, dict | list)]
        level = [inner for one in collections for inner in (one.values() if isinstance(one, dict) else one)]
        if not collections:
            return False
    return True
