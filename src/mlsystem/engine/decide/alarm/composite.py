"""Rules of composite alarms: `ALARM("cpu") AND NOT (OK(disk) OR INSUFFICIENT_DATA(disk))`. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])|(?P<function>(?:ALARM|OK|INSUFFICIENT_DATA)(?=\s*\())|(?P<word>AND|OR|NOT|TRUE|FALSE)\b)""",
    re.IGNORECASE,
)
NAME = re.compile(r"""\s*\(\s*(?:"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<plain>[^\s()"]+))\s*\)""")
LONGEST = 10_240
Holds = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True)
class CompositeRule:
    """`alarms` are the names that it speaks of; `holds` takes the state of each."""

    alarms: tuple[str, ...]
    holds: Holds


def parse_composite(text: str) -> CompositeRule:
    """Raises AwsError(ValidationError)."""
    if len(text) > LONGEST:
        raise AwsError("ValidationError", f"An AlarmRule has at most {LONGEST} characters.", status=400)
    parser = _Parser(text)
    return CompositeRule(tuple(dict.fromkeys(parser.names)), parser.holds)


class _Parser:
    """OR binds least, then AND, then NOT."""

    def __init__(self, text: str):
        self._text = text
        self._place = 0
        self.names: list[str] = []
        self.holds = self._either()
        if self._text[self._place :].strip():
            raise self._invalid()

    def _either(self) -> Holds:
        parts = [self._both()]
        while self._takes("OR"):
            parts.append(self._both())
        return lambda states: any(part(states) for part in parts)

    def _both(self) -> Holds:
        parts = [self._single()]
        while self._takes("AND"):
            parts.append(self._single())
        return lambda states: all(part(states) for part in parts)

    def _single(self) -> Holds:
        if re.match(r"\s*AT_LEAST\s*\(", self._text[self._place :], re.IGNORECASE):
            raise NotImplementedHere("AT_LEAST in an AlarmRule", "write the combinations out with AND and OR")
        kind, found = self._next()
        match kind, found:
            case "mark", "(":
                inner = self._either()
                if not self._takes(")"):
                    raise self._invalid()
                return inner
            case "function", state:
                name = self._name()
                return lambda states: states.get(name) == state
            case "word", "NOT":
                negated = self._single()
                return lambda states: not negated(states)
            case "word", ("TRUE" | "FALSE"):
                return lambda _states: found == "TRUE"
        raise self._invalid()

    def _name(self) -> str:
        """Of an alarm, which may be named by its ARN."""
        match = NAME.match(self._text, self._place)
        if match is None:
            raise self._invalid()
        self._place = match.end()
        name = match["plain"] or re.sub(r"\\(.)", r"\1", match["quoted"])
        name = name.partition(":alarm:")[2] if name.startswith("arn:") else name
        self.names.append(name)
        return name

    def _takes(self, wanted: str) -> bool:
        match = TOKEN.match(self._text, self._place)
        if match is None or match[str(match.lastgroup)].upper() != wanted:
            return False
        self._place = match.end()
        return True

    def _next(self) -> tuple[str, str]:
        match = TOKEN.match(self._text, self._place)
        if match is None:
            raise self._invalid()
        self._place = match.end()
        kind = str(match.lastgroup)
        return kind, match[kind].upper()

    def _invalid(self) -> AwsError:
        rest = self._text[self._place : self._place + 40].strip() or "the end"
        return AwsError("ValidationError", f"AlarmRule is not valid at: {rest}", status=400)
