"""Ships captured invocations from the front door's spool to S3, as SageMaker writes them, each once.

A sealed spool file never changes, so the objects that are made of it are the same however often it is shipped: an object that is there
already was shipped before a crash. The file is removed when all of it is in S3. What cannot be shipped waits, as long as there is room.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from shutil import disk_usage
from typing import Any

from mlsystem.engine.contract import House, Part, Principal
from mlsystem.engine.dataplane.captured import Captured, CaptureForm, captured_key, event_id, is_sampled, records
from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.s3_files import split_uri
from mlsystem.engine.services.sagemaker.capture_backlog import batches, excess
from mlsystem.engine.services.sagemaker.capture_losses import CaptureLosses
from mlsystem.engine.services.sagemaker.endpoint import Endpoint

log = logging.getLogger(__name__)

_OBJECTS = uuid.UUID("0a3f8c1e-52d7-4a6b-9b0f-7f6a1e9d2c44")
# Endpoint, variant, hour: what one object holds.
_Group = tuple[str, str, str]


class CaptureShipper(Part):
    """Follows the capture log."""

    def __init__(self, house: House, plane: DataPlane):
        self._house = house
        self._spool = plane.captured
        self._losses = CaptureLosses(house)
        self._lock = threading.Lock()
        self._watch = self._spool.watch("capture-shipper", self.ship)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"sagemaker.ship_captured": self._ship_last}

    def start(self) -> None:
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()

    def _ship_last(self, call: ActionCall) -> Event:
        """Before an endpoint's record goes."""
        self.ship(with_buffer=True)
        return Event("shipped")

    def ship(self, with_buffer: bool = False) -> None:
        """Everything that was captured so far; `with_buffer` also what Envoy has not written yet."""
        with self._lock:
            waiting = self._spool.rotate(with_buffer)
            too_many = excess(
                [(path, path.stat().st_size) for path in waiting], disk_usage(self._spool.live.parent).free
            )
            for path in too_many:
                self._drop(path)
            for path in waiting[len(too_many) :]:
                self._ship_file(path)
                race_point("sagemaker.captured.shipped")
                path.unlink()

    def _ship_file(self, path: Path) -> None:
        for batch in batches(records(path)):
            for group, found in _groups(batch).items():
                self._ship_group(path, group, found)
                race_point("sagemaker.captured.put")

    def _drop(self, path: Path) -> None:
        """First the file goes: on a full disk nothing could be counted else."""
        lost = Counter((record.endpoint, record.variant) for _, record in records(path))
        path.unlink()
        log.warning(
            "%s: dropped with %d captured invocations, so that there is room for requests", path.name, lost.total()
        )
        self._losses.tell(path.name, lost)

    def _ship_group(self, path: Path, group: _Group, found: list[tuple[int, Captured]]) -> None:
        name, variant, _ = group
        with self._house.database.reading() as tx:
            endpoint = tx.get(Endpoint, name)
        if endpoint is None or endpoint.capture is None:
            log.warning("%s: the endpoint %s is gone, %d captured invocations with it", path.name, name, len(found))
            return
        config: Any = endpoint.capture
        sample = [one for one in found if is_sampled(one[1].request_id, config["InitialSamplingPercentage"])]
        if not sample:
            return
        bucket, prefix = split_uri(config["DestinationS3Uri"])
        at, first = found[0]  # whatever part of them is captured: so the object has its name when it is shipped again
        source = f"{path.name}/{at}"
        object_id = str(uuid.uuid5(_OBJECTS, "/".join((source, *group))))
        key = captured_key(prefix, name, variant, first.started_at, object_id)
        form = CaptureForm(config)
        lines = "".join(f"{form.line(one, event_id(path, place))}\n" for place, one in sample)
        principal = self._house.session_of(endpoint.shown.role_arn, name, "sagemaker")
        try:
            self._put(bucket, key, lines.encode(), config.get("KmsKeyId"), principal)
        except AwsError as error:
            if error.status is not None and error.status >= 500:
                raise
            # Refused for good (no such bucket, not allowed), it is lost, as with SageMaker.
            log.warning("captured data is lost, s3://%s/%s cannot be written: %s", bucket, key, error)
            self._losses.tell(source, Counter({(name, variant): len(sample)}))

    def _put(self, bucket: str, key: str, body: bytes, kms_key: str | None, principal: Principal) -> None:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        request = {"Bucket": bucket, "Key": key, "Body": body, "ContentType": "application/jsonlines", **encryption}
        if not self._exists(bucket, key, principal):
            self._house.call("s3", "PutObject", request, principal)

    def _exists(self, bucket: str, key: str, principal: Principal) -> bool:
        try:
            self._house.call("s3", "HeadObject", {"Bucket": bucket, "Key": key}, principal)
        except AwsError as error:
            if error.code in ("NoSuchKey", "404", "NotFound"):
                return False
            raise
        return True


def _groups(batch: Iterable[tuple[int, Captured]]) -> dict[_Group, list[tuple[int, Captured]]]:
    """Records by what they become."""
    groups: dict[_Group, list[tuple[int, Captured]]] = {}
    for at, record in batch:
        group = (record.endpoint, record.variant, _hour_text(record.started_ms // 3_600_000))
        groups.setdefault(group, []).append((at, record))
    return groups


@lru_cache(maxsize=64)
def _hour_text(hour: int) -> str:
    return f"{datetime.fromtimestamp(hour * 3600, UTC):%Y/%m/%d/%H}"
