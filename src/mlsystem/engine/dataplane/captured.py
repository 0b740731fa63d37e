"""Captured invocations: from Envoy's capture log to the JSON lines that SageMaker writes.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
Everything here is a pure function of the log, so shipping a file again writes the same objects again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlsystem.engine.dataplane.spool import complete_lines

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import DataCaptureConfigTypeDef

log = logging.getLogger(__name__)

_EVENTS = uuid.UUID("6e1ad4b8-0b54-4c0e-9d8c-6a2a1c7f6b11")
# Envoy sorts the members, and inside of a string the quotes would be escaped.
_RECORD_BEGIN = b'{"cluster":'
_NO_CONTENT_TYPE = "application/octet-stream"
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class Captured(NamedTuple):
    """One successful invocation. A body is None when it was over 6 MiB."""

    endpoint: str
    variant: str
    started_ms: int
    request_id: str
    status: int
    request: bytes | None
    response: bytes | None
    request_type: str = _NO_CONTENT_TYPE
    response_type: str = _NO_CONTENT_TYPE
    inference_id: str | None = None
    custom_attributes: str | None = None

    @property
    def started_at(self) -> datetime:
        return datetime.fromtimestamp(self.started_ms / 1000, UTC)


def records(path: Path, offset: int = 0) -> Iterator[tuple[int, Captured]]:
    """Every record of a spool file from `offset` on, with its own offset.

    A line that was torn when Envoy was killed is no record: it is logged and left out. The record that the next Envoy appended to
    it is one.
    """
    for at, line in complete_lines(path, offset):
        begin = max(0, line.rfind(_RECORD_BEGIN))
        record = _parse(line[begin:])
        if record is None or begin > 0:
            log.warning("%s: the line at %d is torn, a captured invocation is lost", path.name, at)
        if record is not None:
            yield at + begin, record


def event_id(path: Path, offset: int) -> str:
    """The id of the record at `offset`, always the same one: what `uuid.uuid5` says, which takes five times as long."""
    digest = bytearray(hashlib.sha1(_EVENTS.bytes + f"{path.name}:{offset}".encode()).digest()[:16])  # noqa: S324 (no secret)
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_sampled(request_id: str, percentage: int) -> bool:
    """Whether a request belongs to the sample, decided by its id alone."""
    if percentage >= 100:
        return True
    digest = hashlib.blake2s(request_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < percentage / 100 * 2**64


def captured_key(prefix: str, endpoint: str, variant: str, at: datetime, object_id: str) -> str:
    """The key of a file of captured data that begins at `at`; `prefix` is the path of the configured destination."""
    at = at.astimezone(UTC)
    name = f"{at:%Y/%m/%d/%H/%M-%S}-{at.microsecond // 1000:03d}-{object_id}.jsonl"
    return "/".join(part for part in (prefix.strip("/"), endpoint, variant, name) if part)


class CaptureForm:
    """What an endpoint's configuration makes of its invocations."""

    def __init__(self, config: DataCaptureConfigTypeDef):
        modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        self._has_input = bool(modes & {"Input", "InputAndOutput"})
        self._has_output = bool(modes & {"Output", "InputAndOutput"})
        listed = config.get("CaptureContentTypeHeader", {})
        self._encodings = {
            **dict.fromkeys((name.lower() for name in listed.get("JsonContentTypes", ())), "JSON"),
            **dict.fromkeys((name.lower() for name in listed.get("CsvContentTypes", ())), "CSV"),
        }

    def line(self, record: Captured, event_id: str) -> str:
        """The line that SageMaker writes of an invocation, without a line end. Only 2xx answers are captured in the first
        place.

        A body is CSV or JSON where its content type is listed under `CaptureContentTypeHeader`, else BASE64.
        """
        data: dict[str, object] = {}
        if self._has_input and record.request is not None:
            data["endpointInput"] = self._side("INPUT", record.request, record.request_type)
        if self._has_output and record.response is not None:
            data["endpointOutput"] = self._side("OUTPUT", record.response, record.response_type)
        metadata: dict[str, object] = {"eventId": event_id}
        if record.custom_attributes is not None:
            metadata["customAttributes"] = [record.custom_attributes]
        if record.inference_id is not None:
            metadata["inferenceId"] = record.inference_id
        metadata["inferenceTime"] = _second_text(record.started_ms // 1000)
        return _ENCODER.encode({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})

    def _side(self, mode: str, body: bytes, content_type: str) -> dict[str, str]:
        data, encoding = self._encode(body, content_type)
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}

    def _encode(self, body: bytes, content_type: str) -> tuple[str, str]:
        kind = content_type.partition(";")[0].strip().lower()
        if kind in self._encodings:
            try:
                return body.decode(), self._encodings[kind]
            except UnicodeDecodeError:
                # Not the text that it claims to be; nothing of it may be lost.
                pass
        return base64.b64encode(body).decode(), "BASE64"


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _parse(line: bytes) -> Captured | None:
    """None for a line that is torn, or two of them run together."""
    try:
        fields = json.loads(line)
        endpoint, variant = fields["cluster"].split("/")[1:3]
        return Captured(
            endpoint=endpoint,
            variant=variant,
            started_ms=int(fields["started_ms"]),
            request_id=fields["request_id"],
            status=int(fields["status"]),
            request=_decode(fields.get("request")),
            response=_decode(fields.get("response")),
            request_type=fields.get("request_type", _NO_CONTENT_TYPE),
            response_type=fields.get("response_type", _NO_CONTENT_TYPE),
            inference_id=fields.get("inference_id"),
            custom_attributes=fields.get("custom_attributes"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return None


def _decode(data: str | None) -> bytes | None:
    return None if data is None else binascii.a2b_base64(data, strict_mode=True)
