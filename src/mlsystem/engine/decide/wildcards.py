"""Texts with anything between them, as regular expressions that take no longer for many stars than for one.

`.*a.*b.*c` tries every place of every piece before it gives up: with a dozen stars nobody sees the end of it. Here each piece is taken
where it is found first, for good (an atomic group), which finds all that there is to find.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def anything_between(pieces: Sequence[str]) -> str:
    """The expression of regular expressions of one length each, in this order, anything between two of them. It must match in DOTALL."""
    first, *others = pieces
    if not others:
        return first
    *inner, last = others
    return "".join([first, *(f"(?>.*?{piece})" for piece in inner), ".*", last])


def starred(text: str, star: str = "*") -> str:
    """The expression of a text in which each star stands for anything."""
    return anything_between([re.escape(piece) for piece in text.split(star)])
