"""Documents are as deep as anybody writes them."""

from __future__ import annotations

import json

import pytest
import yaml

from mlsystem.engine.decide.depth import DEEPEST, check_depth, is_too_deep


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
@pytest.mark.parametrize(("depth", "is_wrong"), [(0, False), (DEEPEST, False), (DEEPEST + 1, True), (700, True)])
def test_both_readers_count_alike(opening: str, closing: str, depth: int, is_wrong: bool) -> None:
    text = opening * depth + "1" + closing * depth
    assert is_too_deep(json.loads(text)) == is_wrong
    if is_wrong:
        with pytest.raises(yaml.YAMLError, match=f"more than {DEEPEST} levels deep"):
            check_depth(text)
    else:
        check_depth(text)


def test_breadth_is_not_depth() -> None:
    assert not is_too_deep([{"a": [number]} for number in range(5000)])
