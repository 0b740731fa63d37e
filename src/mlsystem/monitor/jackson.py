"""JSON as Jackson's default pretty printer writes it, for files that must not differ from Model Monitor's.

Two spaces an object level, `" : "`, arrays on one line (`[ {`, `}, {`, `} ]`), no newline at the end, and doubles as
Java's Double.toString prints them. That method prints the shortest digits since JDK 19; older ones sometimes print one
digit more than needed, which is not imitated (see docs/monitor-format.md).
"""

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPES |= {chr(code): f"\\u{code:04X}" for code in range(0x20) if chr(code) not in _ESCAPES}
_TRANSLATION = str.maketrans(_ESCAPES)


def write(value: object) -> str:
    """The document as text. Raises TypeError for what JSON cannot hold, and ValueError for NaN and infinity."""
    return _render(value, level=0)


def double(number: float) -> str:
    """A double as Java prints it: 1.0, 1.0E-5, 1.2345678E7."""
    if number == 0.0 or 1e-3 <= math.fabs(number) < 1e7:
        return float.__repr__(number)  # here Java and Python write the same, and most numbers are here
    if not math.isfinite(number):
        raise ValueError(f"JSON has no number for {number}")
    digits, exponent = _shortest_digits(math.fabs(number))
    return f"{'-' if number < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _shortest_digits(number: float) -> tuple[str, int]:
    """The significant digits of a number above 0, and the exponent of the first of them."""
    mantissa, _, exponent = float.__repr__(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading_zeros = len(whole + fraction) - len(digits)
    return digits.rstrip("0"), int(exponent or 0) + len(whole) - 1 - leading_zeros


def _render(value: object, level: int) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return double(value)
        case int():
            return str(value)
        case str():
            return f'"{value.translate(_TRANSLATION)}"'
        case Mapping():
            return _object(value.items(), level)
        case array():  # the levels of sketches: thousands of numbers for each feature
            return _line([double(item) for item in value])
        case Sequence():
            return _line([_render(item, level) for item in value])
    raise TypeError(f"{value!r} has no place in this JSON document")


def _object(members: Iterable[tuple[object, object]], level: int) -> str:
    inner = "  " * (level + 1)
    lines = [f"{inner}{_render(str(key), level)} : {_render(value, level + 1)}" for key, value in members]
    return "{\n" + ",\n".join(lines) + "\n" + "  " * level + "}" if lines else "{ }"


def _line(items: Sequence[str]) -> str:
    return f"[ {', '.join(items)} ]" if items else "[ ]"
