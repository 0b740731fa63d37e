"""The 18 intrinsic functions of JSONPath states.

https://states-language.net/spec.html#appendix-b, and for limits and rounding
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html. Each takes the values of its arguments;
what is wrong with them is an IntrinsicFailure in words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlsystem.engine.decide.states.chance import Chance, seeded_whole
from mlsystem.engine.decide.states.documents import Json, compact, equal, is_number, read

LONGEST_TEXT = 10_000
LONGEST_RANGE = 1_000
HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class IntrinsicFailure(ValueError):
    """An intrinsic function that cannot work with its arguments."""


@dataclass(frozen=True)
class Function:
    """An intrinsic function: how many arguments it takes (`most` None: any number), and what it does."""

    fewest: int
    most: int | None
    work: Callable[[Sequence[Json], Chance], Json]


def _array(value: Json, place: str = "first") -> list[Json]:
    if not isinstance(value, list):
        raise IntrinsicFailure(f"the {place} argument must be an array, but is {compact(value)[:80]}")
    return value


def _string(value: Json, place: str = "first", most: int | None = None) -> str:
    if not isinstance(value, str):
        raise IntrinsicFailure(f"the {place} argument must be a string, but is {compact(value)[:80]}")
    if most is not None and len(value) > most:
        raise IntrinsicFailure(f"the {place} argument has {len(value)} characters, more than {most}")
    return value


def _integer(value: Json, place: str) -> int:
    """Step Functions rounds what is no integer, half up."""
    if not is_number(value):
        raise IntrinsicFailure(f"the {place} argument must be a number, but is {compact(value)[:80]}")
    return value if isinstance(value, int) else math.floor(value + 0.5)


def format_text(raw: str, values: Sequence[Json]) -> str:
    r"""`raw` with each `{}` replaced by a value; `\{` and the like stand for themselves."""
    places = len(re.findall(r"(?<!\\)(?:\\\\)*\{\}", raw))
    if places != len(values):
        raise IntrinsicFailure(f"the string has {places} times '{{}}' for {len(values)} further arguments")
    remaining = iter(values)

    def piece(match: re.Match[str]) -> str:
        return as_text(next(remaining)) if match.group() == "{}" else match.group()[1:]

    return re.sub(r"\\.|\{\}", piece, raw, flags=re.DOTALL)


def as_text(value: Json) -> str:
    """A value in the middle of a text: a string without its quotes, objects as Java writes them (so does Step
    Functions)."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={as_text(item)}" for key, item in value.items()) + "}"
    return compact(value)


def _string_to_json(values: Sequence[Json], _: Chance) -> Json:
    text = _string(values[0])
    try:
        return read(text) if text.strip() else None
    except ValueError as error:
        raise IntrinsicFailure(f"the first argument is not a JSON text: {error}") from error


def _array_partition(values: Sequence[Json], _: Chance) -> Json:
    return partition(_array(values[0]), _integer(values[1], "second"))


def partition(array: list[Json], length: int) -> list[list[Json]]:
    """Chunks of `length`, the last one perhaps shorter."""
    if length < 1:
        raise IntrinsicFailure(f"the size of a chunk must be a positive integer, but is {length}")
    return [array[start : start + length] for start in range(0, len(array), length)]


def _array_contains(values: Sequence[Json], _: Chance) -> Json:
    return any(equal(item, values[1]) for item in _array(values[0]))


def _array_range(values: Sequence[Json], _: Chance) -> Json:
    first, last, step = (
        _integer(value, place) for value, place in zip(values, ("first", "second", "third"), strict=True)
    )
    return number_range(first, last, step)


def number_range(first: int, last: int, step: int) -> list[int]:
    """From first to last, both included."""
    if step == 0:
        raise IntrinsicFailure("the increment must not be zero")
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > LONGEST_RANGE:
        raise IntrinsicFailure(f"the range has {len(numbers)} items, more than {LONGEST_RANGE}")
    return list(numbers)


def _array_get_item(values: Sequence[Json], _: Chance) -> Json:
    array, index = _array(values[0]), _integer(values[1], "second")
    if not 0 <= index < len(array):
        raise IntrinsicFailure(f"there is no item {index} in an array of {len(array)}")
    return array[index]


def _array_unique(values: Sequence[Json], _: Chance) -> Json:
    unique: list[Json] = []
    for item in _array(values[0]):
        if not any(equal(item, other) for other in unique):
            unique.append(item)
    return unique


def _base64_encode(values: Sequence[Json], _: Chance) -> Json:
    return base64.b64encode(_string(values[0], most=LONGEST_TEXT).encode()).decode()


def _base64_decode(values: Sequence[Json], _: Chance) -> Json:
    try:
        return base64.b64decode(_string(values[0], most=LONGEST_TEXT), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise IntrinsicFailure(f"the first argument is not text in Base64: {error}") from error


def _hash(values: Sequence[Json], _: Chance) -> Json:
    return digest(values[0], _string(values[1], "second"))


def digest(data: Json, algorithm: str) -> str:
    """The hash of a string, or of the JSON text of anything else, in hexadecimal."""
    if algorithm not in HASHES:
        raise IntrinsicFailure(f"the algorithm must be one of {', '.join(HASHES)}, but is {algorithm}")
    text = data if isinstance(data, str) else compact(data)
    if len(text) > LONGEST_TEXT:
        raise IntrinsicFailure(f"the data has {len(text)} characters, more than {LONGEST_TEXT}")
    return hashlib.new(HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _json_merge(values: Sequence[Json], _: Chance) -> Json:
    first, second, deep = values
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise IntrinsicFailure("the first and the second argument must be objects")
    if not isinstance(deep, bool):
        raise IntrinsicFailure("the third argument must be true (merge objects in objects) or false")
    return _merge(first, second) if deep else {**first, **second}


def _merge(first: dict[str, Json], second: dict[str, Json]) -> dict[str, Json]:
    both = {
        name: _merge(first[name], second[name])
        for name in first.keys() & second.keys()
        if isinstance(first[name], dict) and isinstance(second[name], dict)
    }
    return {**first, **second, **both}


def _math_random(values: Sequence[Json], chance: Chance) -> Json:
    start, end = _integer(values[0], "first"), _integer(values[1], "second")
    if start >= end:
        raise IntrinsicFailure(f"the start number {start} must be below the end number {end}")
    return seeded_whole(values[2], start, end) if len(values) > 2 else chance.whole(start, end)


def _math_add(values: Sequence[Json], _: Chance) -> Json:
    return _integer(values[0], "first") + _integer(values[1], "second")


def _string_split(values: Sequence[Json], _: Chance) -> Json:
    """Each character of the second argument divides; empty pieces are left out (measured on AWS)."""
    text, dividers = _string(values[0]), _string(values[1], "second")
    if not dividers:
        return [text]
    return [piece for piece in re.split(f"[{re.escape(dividers)}]", text) if piece]


FUNCTIONS = {
    "States.Format": Function(1, None, lambda values, _: format_text(_string(values[0]), values[1:])),
    "States.StringToJson": Function(1, 1, _string_to_json),
    "States.JsonToString": Function(1, 1, lambda values, _: compact(values[0])),
    "States.Array": Function(0, None, lambda values, _: list(values)),
    "States.ArrayPartition": Function(2, 2, _array_partition),
    "States.ArrayContains": Function(2, 2, _array_contains),
    "States.ArrayRange": Function(3, 3, _array_range),
    "States.ArrayGetItem": Function(2, 2, _array_get_item),
    "States.ArrayLength": Function(1, 1, lambda values, _: len(_array(values[0]))),
    "States.ArrayUnique": Function(1, 1, _array_unique),
    "States.Base64Encode": Function(1, 1, _base64_encode),
    "States.Base64Decode": Function(1, 1, _base64_decode),
    "States.Hash": Function(2, 2, _hash),
    "States.JsonMerge": Function(3, 3, _json_merge),
    "States.MathRandom": Function(2, 3, _math_random),
    "States.MathAdd": Function(2, 2, _math_add),
    "States.StringSplit": Function(2, 2, _string_split),
    "States.UUID": Function(0, 0, lambda _, chance: chance.uuid()),
}
