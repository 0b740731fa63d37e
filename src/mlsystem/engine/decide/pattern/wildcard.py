"""`{"wildcard": "a*b"}`: any characters in the place of each star; `\\*` and `\\\\` are the characters themselves."""

from __future__ import annotations

import re

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.wildcards import anything_between


def wildcard_pattern(text: str) -> re.Pattern[str]:
    """Raises AwsError(InvalidEventPatternException) for two stars in a row and for other escapes."""
    pieces: list[str] = [""]
    position = 0
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            position += 1
            if text[position : position + 1] not in ("*", "\\"):
                raise _invalid(f"Invalid escape character at pos {position - 1}")
            pieces[-1] += re.escape(text[position])
        elif letter == "*":
            if text[position + 1 : position + 2] == "*":
                raise _invalid(f"Consecutive wildcard characters at pos {position}")
            pieces.append("")
        else:
            pieces[-1] += re.escape(letter)
        position += 1
    return re.compile(anything_between(pieces), re.DOTALL)


def _invalid(reason: str) -> AwsError:
    return AwsError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")
