"""Filter patterns of CloudWatch Logs: for plain text here, for JSON in `log_json_filter`.

Terms must all be there, `?term` at least one of those, `-term` none of those; quotes make a phrase. Matching is case-sensitive.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.log_json_filter import JsonFilter, parse_json_filter

TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))')


@dataclass(frozen=True)
class LogFilter:
    """A parsed pattern; an empty one matches everything."""

    required: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def matches(self, message: str) -> bool:
        return (
            all(term in message for term in self.required)
            and (not self.any_of or any(term in message for term in self.any_of))
            and not any(term in message for term in self.excluded)
        )


def parse_filter(pattern: str) -> LogFilter | JsonFilter:
    """Raises NotImplementedHere for regular expressions and patterns over columns."""
    text = pattern.strip()
    if text.startswith("{"):
        return parse_json_filter(text)
    if text.startswith(("[", "%")):
        raise NotImplementedHere(f"the filter pattern {pattern!r}", "patterns of terms and over JSON are")
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    for match in TERM.finditer(text):
        phrase = match["phrase"]
        terms[match["sign"]].append(match["word"] if phrase is None else re.sub(r"\\(.)", r"\1", phrase))
    return LogFilter(tuple(terms[""]), tuple(terms["?"]), tuple(terms["-"]))
