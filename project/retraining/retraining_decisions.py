"""The record of decisions: one JSON object each in the artefact bucket, by the time of the event and its id.

An event that is delivered twice finds its decision. A record says whether somebody was told of it: one that was written by a function
that then died is told of by the next delivery.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from evidence import Place, read_json, stored
from triggers import Trigger

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

STARTED, REFUSED = "started", "refused"
LOOKED_BACK = 50  # decisions
Decision = dict[str, Any]


class Decisions:
    """Those of one pipeline, below `place`."""

    def __init__(self, s3: S3Client, place: Place) -> None:
        self._s3 = s3
        self._place = place

    def of(self, trigger: Trigger) -> Decision | None:
        place = self._place_of(trigger)
        listed = [one.key for one in stored(self._s3, place)]
        return read_json(self._s3, place) if place.key in listed else None

    def keep(self, trigger: Trigger, decision: Decision) -> Decision:
        """With what the trigger says."""
        told = {
            "Id": trigger.id,
            "Time": trigger.time.isoformat(),
            "Trigger": trigger.kind,
            "Endpoint": trigger.endpoint,
        }
        whole = {**told, **decision}
        place = self._place_of(trigger)
        self._s3.put_object(Bucket=place.bucket, Key=place.key, Body=json.dumps(whole, indent=1).encode())
        return whole

    def tell(self, trigger: Trigger, decision: Decision, publish: Callable[[Decision], object]) -> Decision:
        """Once, or once more where nobody knows whether it was."""
        if decision.get("Told"):
            return decision
        publish(decision)
        return self.keep(trigger, {**decision, "Told": True})

    def before(self, trigger: Trigger) -> Decision | None:
        """The last one on the drift of the same endpoint."""
        own = self._place_of(trigger).key
        keys = [one.key for one in stored(self._s3, self._folder) if one.key < own]
        for key in reversed(keys[-LOOKED_BACK:]):
            decision = read_json(self._s3, Place(self._place.bucket, key))
            if decision.get("Endpoint") == trigger.endpoint:
                return decision
        return None

    def retrainings_since(self, since: datetime) -> list[Decision]:
        """Those that were given new data by this system itself."""
        after = (self._place / _stamp(since)).key
        found = [
            read_json(self._s3, Place(self._place.bucket, one.key)) for one in stored(self._s3, self._folder, after)
        ]
        return [one for one in found if one["Decision"] == STARTED and one.get("DataHash")]

    @property
    def _folder(self) -> Place:
        return Place(self._place.bucket, f"{self._place.key}/")

    def _place_of(self, trigger: Trigger) -> Place:
        return self._place / f"{_stamp(trigger.time)}-{re.sub(r'[^A-Za-z0-9-]+', '-', trigger.id)}.json"


def _stamp(instant: datetime) -> str:
    """Sorts as the instants do."""
    return instant.strftime("%Y-%m-%dT%H-%M-%SZ")
