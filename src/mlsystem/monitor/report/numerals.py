"""Numbers as a page for people writes them: as many digits as matter, and no more."""

import math

_SPACE = "\u00a0"  # that does not break a line
_LARGE = ((1e15, ""), (1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def numeral(number: float, spread: float = 0.0) -> str:
    """A number with the digits that matter in a range of that width; without a range three digits matter."""
    size, spread = abs(number), spread if math.isfinite(spread) else 0.0
    if size >= 1e15 or 0.0 < max(size, spread) < 1e-4:
        return f"{number:.3g}"
    if size >= 1e6 and spread < size * 1e4 and not 0.0 < spread < size / 100.0:
        unit, name = next((unit, name) for unit, name in _LARGE if size >= unit)
        return f"{_plain(number / unit, 2)}{_SPACE}{name}"
    scale = spread or size
    places = 2 - math.floor(math.log10(scale)) if scale > 0.0 else 0
    return _plain(number, max(0, min(6, places)))


def percent(share: float) -> str:
    """A share of 0 to 1 as per cent. Only nothing is 0 %, and only all is 100 %."""
    if 0.0 < share < 0.001:
        return f"under 0.1{_SPACE}%"
    if 0.999 < share < 1.0:
        return f"over 99.9{_SPACE}%"
    digits = 1 if share < 0.0995 or share > 0.99 else 0
    return f"{_plain(share * 100.0, digits)}{_SPACE}%"


def count(number: int, noun: str) -> str:
    """A number of things: 1 row, 12,000 rows."""
    return f"{grouped(number)} {noun}{'' if number == 1 else 's'}"


def grouped(number: int) -> str:
    """A whole number; thousands are set apart from 10,000 on, so that a year stays a year."""
    return f"{number:,}" if abs(number) >= 10_000 else str(number)


def times(ratio: float) -> str:
    """How many times what is allowed."""
    if not math.isfinite(ratio) or ratio >= 1000.0:
        return "over 1,000 times"
    if 0.0 < ratio < 0.01:
        return "under 0.01 times"
    return f"{_plain(ratio, 2 if ratio < 2.0 else 1 if ratio < 20.0 else 0)} times"


def one_in(share: float) -> str:
    """A small share of 0 to 1 as one of so many."""
    many = 1.0 / max(share, 1e-12)
    digits = max(0, math.floor(math.log10(many)) - 1)
    return f"1 in {grouped(int(round(many, -digits)))}"


def _plain(number: float, digits: int) -> str:
    text = f"{number:,.{digits}f}" if abs(number) >= 10_000.0 else f"{number:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("-", "\u2212")
