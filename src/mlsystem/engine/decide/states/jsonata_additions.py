"""The functions that Step Functions adds to JSONata, and those of JSONata that must not read a clock or dice.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html: $partition, $range, $hash, $random with a
seed, $uuid and $parse are added, $eval is taken away. $now, $millis, $random and $shuffle are JSONata's own, and get
their time and chance from the scope.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from mlsystem.engine.decide.states.chance import seeded_fraction
from mlsystem.engine.decide.states.intrinsics import digest, number_range, partition
from mlsystem.engine.decide.states.scope import Scope

# What an expression may hold at a time: a state gives at most 256 KiB.
LONGEST_TEXT = 1 << 20


def additions(scope: Scope) -> Mapping[str, Any]:
    """By name, without the dollar sign, as the library calls them. What is wrong with arguments is a ValueError or
    TypeError."""
    millis = round(scope.at * 1000)
    functions = {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": lambda seed=None: scope.chance.fraction() if seed is None else seeded_fraction(seed),
        "uuid": scope.chance.uuid,
        "parse": _parse,
        "eval": _eval,
        "now": lambda picture=None, timezone=None: Functions.datetime_from_millis(millis, picture, timezone),
        "millis": lambda: millis,
        "shuffle": lambda array: _shuffle(array, scope),
        "pad": _pad,
        "join": _join,
        "replace": _replace,
    }
    return {name: Jsonata.JLambda(function) for name, function in functions.items()}


def _array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _whole(value: Any, what: str) -> int:
    if not Utils.is_numeric(value) or not float(value).is_integer():
        raise ValueError(f"the {what} must be an integer")
    return int(value)


def _partition(array: Any, length: Any) -> Any:
    return None if array is None else partition(_array(array), _whole(length, "size of a chunk"))


def _range(first: Any, last: Any, step: Any) -> Any:
    """A sequence as JSONata has them: a single number comes out alone."""
    numbers = number_range(_whole(first, "first value"), _whole(last, "last value"), _whole(step, "increment"))
    return Utils.create_sequence_from_iter(numbers)


def _hash(data: Any, algorithm: Any = "SHA-256") -> Any:
    if data is None:
        return None
    return digest(data if isinstance(data, str) else Functions.string(data, False), str(algorithm))


def _parse(text: Any) -> Any:
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError("the argument of $parse must be a string")
    return _null_for_none(json.loads(text))


def _null_for_none(value: Any) -> Any:
    if isinstance(value, list):
        return [_null_for_none(item) for item in value]
    if isinstance(value, dict):
        return {name: _null_for_none(item) for name, item in value.items()}
    return Utils.NULL_VALUE if value is None else value


def _pad(text: Any, width: Any = None, character: Any = None) -> Any:
    _require_short(abs(width) if Utils.is_numeric(width) else 0)
    return Functions.pad(text, width, character)


def _join(texts: Any, separator: Any = None) -> Any:
    if isinstance(texts, list) and isinstance(separator, str):
        _require_short(len(texts) * len(separator))
    return Functions.join(texts, separator)


def _replace(text: Any, pattern: Any, replacement: Any, limit: Any = None) -> Any:
    if isinstance(text, str) and isinstance(replacement, str):
        _require_short(len(text) * len(replacement))
    return Functions.replace(text, pattern, replacement, limit)


def _require_short(characters: float) -> None:
    """Before a function makes a long text of short ones."""
    if characters > LONGEST_TEXT:
        raise ValueError(f"the text would have up to {characters:.0f} characters, and may have {LONGEST_TEXT}")


def _eval(*_: Any) -> Any:
    raise ValueError("$eval is not supported by Step Functions; $parse reads a JSON text")


def _shuffle(array: Any, scope: Scope) -> Any:
    if array is None or not isinstance(array, list) or len(array) <= 1:
        return array
    order = sorted(range(len(array)), key=lambda _: scope.chance.fraction())
    return [array[place] for place in order]
