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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlsystem.engine.dataplane.spool import complete_lines

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import DataCaptureConfigTypeDef

log = logging.getLogger(__name__)

_EVENTS = uuid.UUID("6e1ad4b8-0b54-4c0e-9d8c-6a2a1c7f6b11")
# Envoy sorts the members, and inside of a string the quotes would be escaped.
_RECORD_BEGIN = b'{"cluster":'
_NO_CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Captured:
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
    """The id of the record at `offset`: always the same one."""
    return str(uuid.uuid5(_EVENTS, f"{path.name}:{offset}"))


def is_sampled(request_id: str, percentage: int) -> bool:
    """Whether a request belongs to the sample, decided by its id alone."""
    digest = hashlib.blake2s(request_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < percentage / 100 * 2**64


def captured_key(prefix: str, endpoint: str, variant: str, at: datetime, object_id: str) -> str:
    """The key of a file of captured data that begins at `at`; `prefix` is the path of the configured destination."""
    at = at.astimezone(UTC)
    name = f"{at:%Y/%m/%d/%H/%M-%S}-{at.microsecond // 1000:03d}-{object_id}.jsonl"
    return "/".join(part for part in (prefix.strip("/"), endpoint, variant, name) if part)


def capture_line(record: Captured, config: DataCaptureConfigTypeDef, event_id: str) -> str:
    """The line that SageMaker writes of an invocation, without a line end. Only 2xx answers are captured in the first
    place.

    A body is CSV or JSON where its content type is listed under `CaptureContentTypeHeader`, else BASE64.
    """
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    data: dict[str, object] = {}
    if modes & {"Input", "InputAndOutput"} and record.request is not None:
        data["endpointInput"] = _side("INPUT", record.request, record.request_type, config)
    if modes & {"Output", "InputAndOutput"} and record.response is not None:
        data["endpointOutput"] = _side("OUTPUT", record.response, record.response_type, config)
    metadata: dict[str, object] = {"eventId": event_id}
    if record.custom_attributes is not None:
        metadata["customAttributes"] = [record.custom_attributes]
    if record.inference_id is not None:
        metadata["inferenceId"] = record.inference_id
    metadata["inferenceTime"] = f"{record.started_at:%Y-%m-%dT%H:%M:%SZ}"
    line = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False)


def _side(
    mode: Literal["INPUT", "OUTPUT"], body: bytes, content_type: str, config: DataCaptureConfigTypeDef
) -> dict[str, str]:
    data, encoding = _encode(body, content_type, config)
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def _encode(body: bytes, content_type: str, config: DataCaptureConfigTypeDef) -> tuple[str, str]:
    kind = content_type.partition(";")[0].strip().lower()
    listed = config.get("CaptureContentTypeHeader", {})
    encodings = {
        **dict.fromkeys((name.lower() for name in listed.get("JsonContentTypes", ())), "JSON"),
        **dict.fromkeys((name.lower() for name in listed.get("CsvContentTypes", ())), "CSV"),
    }
    if kind in encodings:
        try:
            return body.decode(), encodings[kind]
        except UnicodeDecodeError:
            # Not the text that it claims to be; nothing of it may be lost.
            pass
    return base64.b64encode(body).decode(), "BASE64"


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
    return None if data is None else base64.b64decode(data, validate=True)
