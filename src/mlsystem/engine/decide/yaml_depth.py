"""How deep a YAML text may be nested: libyaml's loader calls itself in C for each level, and takes the whole process with it."""

from __future__ import annotations

import yaml

DEEPEST = 200


def check_depth(text: str) -> None:
    """Raises yaml.YAMLError for a text that is nested too deeply, or is none: the reader of events has no depth of its own."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {DEEPEST} levels deep")
