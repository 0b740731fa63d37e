"""A captured body as rows: CSV, JSON and JSON lines, plain or in base64, one row or many in a request.

Model Monitor took a body of several rows for a single one; that was a trap, so here every row counts.
"""

import base64
import csv
import io
import json
from collections.abc import Iterator, Mapping

from mlsystem.monitor.reading.flattening import flat_members
from mlsystem.monitor.reading.rows import Row, cell

_CSV_TYPES = {"text/csv", "text/plain"}
_JSON_TYPES = {"application/json"}
_JSON_LINES_TYPES = {"application/jsonlines", "application/jsonl", "application/x-jsonlines", "application/x-ndjson"}
_READABLE = ", ".join(sorted(_CSV_TYPES | _JSON_TYPES | _JSON_LINES_TYPES))

# Members that hold a list of rows, in the request and response bodies that SageMaker's own containers use.
_ROW_LISTS = ("instances", "predictions")


def body_rows(body: Mapping[str, object]) -> list[Row]:
    """The rows of `endpointInput` or `endpointOutput`. Raises ValueError for what cannot be read as a table."""
    text, media_type = _text(body), str(body.get("observedContentType", "")).partition(";")[0].strip().lower()
    encoding = body.get("encoding")
    if encoding == "JSON":
        return _json_lines(text) if media_type in _JSON_LINES_TYPES else _json_rows(json.loads(text))
    if encoding == "CSV" or media_type in _CSV_TYPES:
        return _csv_rows(text)
    if media_type in _JSON_TYPES:
        return _json_rows(json.loads(text))
    if media_type in _JSON_LINES_TYPES:
        return _json_lines(text)
    raise ValueError(
        f"a body of type {media_type or 'unknown'} is not a table (these are: {_READABLE}); "
        "a record_preprocessor_script can turn it into one"
    )


def _text(body: Mapping[str, object]) -> str:
    data, encoding = body.get("data"), body.get("encoding")
    if not isinstance(data, str) or encoding not in ("CSV", "JSON", "BASE64"):
        raise ValueError(f"data must be a string and encoding CSV, JSON or BASE64 (it is {encoding!r})")
    return base64.b64decode(data, validate=True).decode() if encoding == "BASE64" else data


def _csv_rows(text: str) -> list[Row]:
    lines = io.StringIO(text, newline="")  # str.splitlines knows ends of lines that CSV and JSON do not
    try:
        return [[value or None for value in row] for row in csv.reader(lines, strict=True) if row]
    except csv.Error as error:
        raise ValueError(f"a body is no table: {error}") from error


def _json_lines(text: str) -> list[Row]:
    return [row for line in text.split("\n") if line.strip() for row in _json_rows(json.loads(line))]


def _json_rows(value: object) -> list[Row]:
    """One row, unless the value is (or holds, by one of the usual names) a list of rows."""
    if isinstance(value, dict):
        for name in _ROW_LISTS:
            if isinstance(value.get(name), list):
                return [_json_row(item) for item in value[name]]
    if isinstance(value, list) and value and all(isinstance(item, list | dict) for item in value):
        return [_json_row(item) for item in value]
    return [_json_row(value)]


def _json_row(value: object) -> Row:
    if isinstance(value, dict) and not (value.keys() == {"features"} and isinstance(value["features"], list)):
        return {name: cell(member) for name, member in flat_members(value)}
    return list(_cells(value))


def _cells(value: object) -> Iterator[str | None]:
    return (cell(member) for _, member in flat_members(value))
