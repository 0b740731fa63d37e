"""Whether a count is what chance alone makes of a share; the demo's own arithmetic."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PATH = Path(__file__).parents[1] / "examples" / "flights" / "share.py"
_SPEC = importlib.util.spec_from_file_location("share", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
_SHARE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_SHARE)

CONFIDENCE = 0.999


def is_plausible_share(count: int, total: int, share: float, least: int = 50) -> bool:
    """Whether `count` of `total` lies in the 99.9 % binomial interval of `share`; fewer than `least` in all say nothing."""
    if total < least:
        return False
    if share in (0.0, 1.0):
        return count == total * share
    low, high = _SHARE.binomial_interval(total, share, CONFIDENCE)
    return bool(low <= count <= high)
