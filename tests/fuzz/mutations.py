"""Values at the edges, and changes of texts and of JSON documents that make something else of what was right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

SURROGATE = "\ud800"
TEXTS = (
    "", " ", "\0", "a\0b", "\n", "\r\n", "\t", "'", '"', "\\", "%", "%00", "%2F..%2F", "..", "../../etc/passwd", "/", "//", "*",
    "?", "[", "(", "{", "{}",
    "[]", "$", "$.", "$$", "${", "${a}", "{{resolve:ssm:a}}", "<a>&amp;]]>", "<!--", "\u2028", "\u202e", "é" * 3, "ﬁ", "İ", "ß",
    "٣", "²", "\U0001f600",
    SURROGATE, "a" + SURROGATE, "\ufeff", "\x7f", "\x1b[31m", "-", "--help", "-1", "+1", "0", "00", "1_000", "0x10", "1e999",
    "-1e999", "1e-999", "NaN",
    "nan", "inf", "Infinity", "-0", "null", "None", "true", "True", "[1", "a:b", "a:b:c:d:e:f", "arn:", "arn:aws", "arn:aws:s3:::",
    "arn:aws:::::",
    "arn:aws:iam::000000000000:role/", "arn:aws:lambda:us-east-1:000000000000:function:", "s3://", "s3:///", "s3://a", "s3://a/..",
    "http://", "http://[",
    "http://a:99999", "2026-13-45", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999Z", "10000-01-01", "9" * 20, "9" * 400,
    "a" * 65, "a" * 257,
    "a" * 1025, "x" * 5000, "é" * 300, "a/" * 50, "a." * 50, "*a" * 20, "a" * 4000 + "b", "1.2.3.4/33", "::/129", "rate(1 day)",
    "cron(* * * * ? *)", "0 0 0",
    "SELECT 1; DROP",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 7, 60, 100, 255, 256, 999, 1000, 1001, 65536, -0.0, 0.1, 1.5, -1.5, 1e-320, 1e308, -1e308, float("nan"),
    float("inf"), float("-inf"),
    2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**30, 10**400,
)  # fmt: skip
# As they stand in a JSON text, also where Python would not write them so.
RAW = (
    "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1E400", "-0", "-0.0", "1.0", "1e2", "00", "1" * 400, "1" * 5000,
    "0." + "1" * 400, '"\\ud800"', '"\\udc00\\ud800"',
    '"\\u0000"', "[" * 300 + "]" * 300, "[" * 3000, '{"a":' * 300 + "1" + "}" * 300, '{"a":1,"a":2}', '{"":1}', "tru", "//", "{,}",
    "[1,]", "'a'", "", "\ufeff1",
)  # fmt: skip
NAMES = ("", "a", "Type", "Ref", "Fn::Sub", "$", "$.a", "a.$", "__proto__", "\0", SURROGATE, "a" * 300, "Next", "0")
WORD = re.compile(r"\w+|[^\w\s]+|\s+")
MOST_CHARACTERS = 60_000


def edge_text(chance: Random) -> str:
    found = chance.choice(TEXTS)
    return found if chance.random() < 0.85 else found + chance.choice(TEXTS)


def edge_number(chance: Random) -> Any:
    return chance.choice(NUMBERS) if chance.random() < 0.7 else chance.randint(-5, 400)


def edge_value(chance: Random) -> Any:
    """Any JSON value, and some that JSON does not have."""
    kind = chance.randrange(9)
    if kind < 3:
        return edge_text(chance)
    if kind < 5:
        return edge_number(chance)
    if kind == 5:
        return chance.choice((None, True, False))
    if kind == 6:
        return [edge_value(chance) for _ in range(chance.randrange(3))]
    if kind == 7:
        return {chance.choice(NAMES): edge_value(chance) for _ in range(chance.randrange(3))}
    return nested(chance)


def nested(chance: Random) -> Any:
    """Deep, but not so deep that it could not be written."""
    value: Any = edge_text(chance)
    for _ in range(chance.choice((3, 30, 100))):
        value = [value] if chance.random() < 0.5 else {"a": value}
    return value


# ---------------------------------------------------------------------- documents
def changed(value: Any, chance: Random, others: Sequence[Any] = ()) -> Any:
    """The JSON value with one to three of its places changed; `others` are values that may stand at a place instead."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        places = list(_places(value, ()))
        value = _changed_at(value, chance.choice(places), chance, others)
    return value


def _places(value: Any, path: tuple[Any, ...]) -> Any:
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*path, index))


def _changed_at(value: Any, path: tuple[Any, ...], chance: Random, others: Sequence[Any]) -> Any:
    if not path:
        return _other(value, chance, others)
    name, *rest = path
    if isinstance(value, dict):
        found = dict(value)
        if rest:
            found[name] = _changed_at(value[name], tuple(rest), chance, others)
        elif chance.random() < 0.2:
            del found[name]
        elif chance.random() < 0.2:
            found[chance.choice((*NAMES, *value))] = found.pop(name)
        else:
            found[name] = _other(value[name], chance, others)
        return found
    items = list(value)
    if rest:
        items[name] = _changed_at(value[name], tuple(rest), chance, others)
    else:
        items[name : name + 1] = chance.choice(([], [value[name]] * 2, [_other(value[name], chance, others)]))
    return items


def _other(value: Any, chance: Random, others: Sequence[Any]) -> Any:
    """In its place: something else, or something like it."""
    if others and chance.random() < 0.4:
        return chance.choice(others)
    if isinstance(value, str) and chance.random() < 0.5:
        return havoc(value, chance, (value,))
    if isinstance(value, dict | list) and chance.random() < 0.3:
        return [value] if chance.random() < 0.5 else {chance.choice(NAMES): value}
    return edge_value(chance)


def parts_of(value: Any) -> list[Any]:
    """The value and all that is inside of it."""
    found = [value]
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += parts_of(inner)
    return found


def json_text(value: Any, chance: Random) -> str:
    """The value as JSON, sometimes with something in it that no serializer would write."""
    text = json.dumps(value)
    if chance.random() < 0.15:
        spots = [match.span() for match in re.finditer(r'(?<=[:\[,] )("[^"\\]*"|-?\d+|true|null)', text)]
        if spots:
            start, end = chance.choice(spots)
            text = text[:start] + chance.choice(RAW) + text[end:]
    return text


# ---------------------------------------------------------------------- texts
def havoc(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str] = ()) -> str:
    """The text with one to four changes; what is put in comes from the seeds, from `words`, or from the edges."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        text = chance.choice(_CHANGES)(text, chance, seeds, words)[:MOST_CHARACTERS]
    return text


def _span(text: str, chance: Random) -> tuple[int, int]:
    start = chance.randint(0, len(text))
    return start, min(len(text), start + chance.choice((0, 1, 1, 2, 5, 20, 100)))


def _word_span(text: str, chance: Random) -> tuple[int, int]:
    """Of a word, or of a run of punctuation."""
    found = [match.span() for match in WORD.finditer(text[:5000])]
    return chance.choice(found) if found else (0, 0)


def _word(chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    where = chance.random()
    if words and where < 0.5:
        return chance.choice(words)
    if where < 0.75:
        seed = chance.choice(seeds)
        start, end = _word_span(seed, chance)
        return seed[start:end]
    return edge_text(chance)


def _delete(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    start, end = _span(text, chance)
    return text[:start] + text[end:]


def _repeat(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    start, end = _span(text, chance)
    return text[:end] + text[start:end] * chance.choice((1, 1, 2, 50, 300)) + text[end:]


def _replace(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    start, end = _word_span(text, chance)
    return text[:start] + _word(chance, seeds, words) + text[end:]


def _insert(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    start, _ = _span(text, chance)
    return text[:start] + _word(chance, seeds, words) + text[start:]


def _splice(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    other = chance.choice(seeds)
    start, _ = _span(text, chance)
    return text[:start] + other[chance.randint(0, len(other)) :]


def _cut(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    return text[: chance.randint(0, len(text))]


def _nest(text: str, chance: Random, seeds: Sequence[str], words: Sequence[str]) -> str:
    opening, closing = chance.choice(("()", "[]", "{}", '""', "<>"))
    count = chance.choice((1, 2, 30, 300, 3000, 25_000))
    start, end = _span(text, chance)
    return text[:start] + opening * count + text[start:end] + closing * count + text[end:]


_CHANGES: tuple[Callable[[str, Random, Sequence[str], Sequence[str]], str], ...] = (
    _delete, _repeat, _replace, _replace, _replace, _insert, _insert, _splice, _cut, _nest,
)  # fmt: skip


def havoc_bytes(data: bytes, chance: Random) -> bytes:
    """The bytes with some changed, left out, repeated or cut off."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        start = chance.randint(0, len(found))
        length = chance.choice((1, 1, 2, 4, 30))
        kind = chance.randrange(5)
        if kind == 0:
            del found[start : start + length]
        elif kind == 1:
            found[start:start] = found[start : start + length] * chance.choice((1, 2, 100))
        elif kind == 2:
            del found[start:]
        elif kind == 3:
            found[start : start + length] = chance.choice((b"\0", b"\xff", b"\xff\xfe", b"\x80")) * length
        else:
            found[start : start + length] = chance.randbytes(length)
    return bytes(found)
