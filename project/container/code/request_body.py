"""The body of a request, as rows of text cells: what the inference server and the API function both accept.

`text/csv`: one request row a line, no header. `application/json`: `{"instances": [[...], ...]}`, or objects by column
name instead of lists. Whatever the form, a cell becomes the text that a CSV file would hold, so that one encoder
serves all. Every mistake is named by row (counted from 1) and column. Standard library only.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

CSV = "text/csv"
JSON = "application/json"
MAX_BODY_BYTES = 6 * 1024 * 1024  # SageMaker's limit of a real-time request, and Lambda's of an event


class RequestError(Exception):
    """A request that cannot be answered, through its sender's fault; `status` is the HTTP status to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def parse_rows(body: bytes, content_type: str, names: list[str]) -> list[list[str]]:
    """Rows of cells in the order of `names`. Raises RequestError 400, 413 or 415."""
    require_size(len(body))
    kind = media_type(content_type)
    if kind == CSV:
        rows = csv_rows(decode(body))
    elif kind == JSON:
        rows = json_rows(json_object(body), names)
    else:
        raise RequestError(415, f"content type {content_type or '(none)'!r} is not supported; send {CSV} or {JSON}")
    require_width(rows, len(names))
    return rows


def require_size(length: int) -> None:
    if length > MAX_BODY_BYTES:
        raise RequestError(413, f"the body is larger than 6 MB ({MAX_BODY_BYTES} bytes)")


def media_type(content_type: str) -> str:
    """The type without its parameters; a character set other than UTF-8 is an unsupported type."""
    kind, _, parameters = content_type.partition(";")
    name, _, charset = parameters.strip().partition("=")
    if name.strip().lower() == "charset" and charset.strip("\" '").lower() not in ("utf-8", "utf8", "us-ascii"):
        return content_type
    return kind.strip().lower()


def accepted_type(accept: str, content_type: str) -> str:
    """The answer's type: the first of `accept` that we can write; without a wish, the request's own. Else 406."""
    wishes = [wish.partition(";")[0].strip().lower() for wish in accept.split(",") if wish.strip()]
    if not wishes:
        return media_type(content_type)
    for wish in wishes:
        if wish in (CSV, JSON):
            return wish
        if wish in ("*/*", "text/*", "application/*"):
            return {"text/*": CSV, "application/*": JSON}.get(wish, media_type(content_type))
    raise RequestError(406, f"an answer of type {accept!r} is not possible; ask for {CSV} or {JSON}")


def decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the body is not UTF-8 text: {error.reason} at byte {error.start}") from error


def csv_rows(text: str) -> list[list[str]]:
    if '"' not in text and "\r" not in text and len(text) < csv.field_size_limit():
        # What the reader would find as well, in a third of its time.
        return [line.split(",") if line else [] for line in text.removesuffix("\n").split("\n")] if text else []
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise RequestError(400, f"the body is not CSV: {error}") from error


def csv_text(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def json_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(decode(body), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise RequestError(400, 'the body must be a JSON object such as {"instances": [[...]]}')
    return content


def json_rows(content: dict[str, Any], names: list[str]) -> list[list[str]]:
    instances = content.get("instances")
    if not isinstance(instances, list):
        raise RequestError(400, 'the JSON body has no list "instances"')
    return [_json_row(instance, number, names) for number, instance in enumerate(instances, start=1)]


def require_width(rows: list[list[str]], width: int) -> None:
    if not rows:
        raise RequestError(400, "the body has no rows")
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise RequestError(400, f"row {number} has {len(row)} columns; the model takes {width}")


def _json_row(instance: object, number: int, names: list[str]) -> list[str]:
    if isinstance(instance, dict):
        instance = _by_name(instance, number, names)
    if not isinstance(instance, list):
        raise RequestError(400, f"row {number} is neither a list of values nor an object by column name")
    return [_cell(value, number, place, names) for place, value in enumerate(instance)]


def _by_name(instance: dict[str, object], number: int, names: list[str]) -> list[object]:
    unknown = [name for name in instance if name not in names]
    missing = [name for name in names if name not in instance]
    if unknown or missing:
        wrong = [f"no column {name!r}" for name in missing] + [f"an unknown column {name!r}" for name in unknown]
        raise RequestError(400, f"row {number} has {', '.join(wrong[:5])}; use null for a missing value")
    return [instance[name] for name in names]


def _cell(value: object, number: int, place: int, names: list[str]) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    column = f"{names[place]!r}" if place < len(names) else str(place + 1)
    raise RequestError(400, f"row {number}, column {column}: a value must be a number, a text or null")


def _number_text(value: int | float) -> str:
    """3.0 is the category "3" too: JSON writers do not keep the difference."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON; use null for a missing value")
