"""Applying paths: reading a value, and putting a result where a ResultPath says.

A definite path that matches nothing is an error; an indefinite one gives a list, perhaps an empty one
(https://states-language.net/spec.html#filters, and Jayway's rule for definite paths).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import jsonpath
from jsonpath.exceptions import JSONPathError

from mlsystem.engine.decide.states.documents import Json
from mlsystem.engine.decide.states.path_syntax import Path, PathSyntaxError, Step, parse_path


class PathNotFound(LookupError):
    """A definite path matches nothing; the message is in Jayway's words."""


class CannotPut(LookupError):
    """There is no place in the document for what a ResultPath wants to put there."""


@lru_cache(maxsize=1024)
def _compiled(query: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    try:
        return jsonpath.compile(query)
    except (JSONPathError, OverflowError) as error:  # the other one for a whole number beyond all bounds
        raise PathSyntaxError(f"the path '{query}' is not valid: {error}") from error


def check_path(text: str) -> Path:
    """Parse a path whole, filters too. Raises PathSyntaxError."""
    path = parse_path(text)
    if path.query is not None:
        _compiled(path.query)
    return path


def read(path: Path, document: Json) -> Json:
    """What the path means in the document that is its root. Raises PathNotFound."""
    if path.query is not None:
        # The library would take a text for JSON; there is nothing in one.
        return [] if isinstance(document, str) else _compiled(path.query).findall(document)
    for count, step in enumerate(path.steps):
        document = _follow(document, step, path.steps[: count + 1], count == len(path.steps) - 1)
    return document


def _follow(document: Json, step: Step, so_far: Sequence[Step], is_last: bool) -> Json:
    if isinstance(step, int):
        if isinstance(document, list) and -len(document) <= step < len(document):
            return document[step]
    elif isinstance(document, dict):
        if isinstance(step, tuple):
            return {name: document[name] for name in step if name in document}
        if step in document:
            return document[step]
    where = written(so_far)
    raise PathNotFound(f"No results for path: {where}" if is_last else f"Missing property in path {where}")


def written(steps: Sequence[Step]) -> str:
    """In bracket notation, as AWS's messages have it: $['store'][0]."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps)


def put(path: Path, document: Json, value: Json) -> Json:
    """The document with the value at a Reference Path; missing objects on the way are made. Raises CannotPut.

    https://states-language.net/spec.html#filters, ResultPath.
    """
    return _put(path.steps, document, value)


def _put(steps: Sequence[Step], document: Json, value: Json) -> Json:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        if not isinstance(document, list) or not 0 <= step < len(document):
            raise CannotPut(f"there is no array with an item {step}")
        return [*document[:step], _put(rest, document[step], value), *document[step + 1 :]]
    if not isinstance(document, dict):
        raise CannotPut(f"there is no object for the field '{step}'")
    return {**document, str(step): _put(rest, document.get(str(step), {}), value)}
