"""A captured record: a line of JSON with a request, its answer, and when it was. Pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SHORT, LONG = 400, 64 * 1024  # bytes that a list shows of a body, and a page of its own


@dataclass(frozen=True)
class Body:
    """`data` as it was sent: what is captured as base64 is decoded."""

    data: bytes
    content_type: str
    encoding: str

    @property
    def is_text(self) -> bool:
        try:
            self.data.decode()
        except UnicodeDecodeError:
            return False
        return True

    def text(self, most: int = LONG) -> str:
        """Its beginning; of what is no text, its bytes in hexadecimal."""
        if self.is_text:
            return self.data[:most].decode(errors="ignore")
        return self.data[: most // 3].hex(" ")

    @property
    def short(self) -> str:
        return self.text(SHORT).strip()

    def is_cut(self, most: int = LONG) -> bool:
        return len(self.data) > (most if self.is_text else most // 3)

    @property
    def is_short(self) -> bool:
        return not self.is_cut(SHORT)

    @property
    def pretty(self) -> str:
        """JSON with its structure shown, everything else as it is."""
        text = self.text()
        if "json" not in self.content_type or self.is_cut():
            return text
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except ValueError:
            return text


@dataclass(frozen=True)
class Record:
    """`key` and `line` say where it is. What was not captured, or was no request, is None."""

    key: str
    line: int
    at: datetime | None
    event_id: str
    inference_id: str
    input: Body | None
    output: Body | None
    problem: str = ""


def read_lines(lines: Sequence[bytes], key: str, first: int = 0) -> list[Record]:
    """In their order; `first` is the number of the first. A line that cannot be read is a record that says so."""
    return [read_line(line, key, first + number) for number, line in enumerate(lines) if line.strip()]


def read_line(line: bytes, key: str, number: int) -> Record:
    try:
        found: dict[str, Any] = json.loads(line)
        about, data = found["eventMetadata"], found["captureData"]
        at = datetime.fromisoformat(about["inferenceTime"].replace("Z", "+00:00"))
        input_, output = _body(data.get("endpointInput")), _body(data.get("endpointOutput"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Record(key, number, None, "", "", None, None, f"this line is no captured record: {error!r}")
    return Record(key, number, at, about.get("eventId", ""), about.get("inferenceId", ""), input_, output)


def _body(found: Mapping[str, Any] | None) -> Body | None:
    if found is None or "data" not in found:
        return None
    encoding, data = found.get("encoding", ""), str(found["data"])
    try:
        raw = base64.b64decode(data, validate=True) if encoding == "BASE64" else data.encode()
    except binascii.Error:
        raw = data.encode()
    return Body(raw, found.get("observedContentType", ""), encoding)
