"""How many calls each caller may make: above it they are told to come again, in the words of the service that they ask.

A bucket of tokens each, as AWS's own: it fills by `calls_per_second`, and holds what a burst may take. One caller that calls without
end then costs the others little. It is in memory: an engine that starts anew begins with full buckets. Durations here are not scaled.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.protocol import model_of

BURST_SECONDS = 5
# Buckets that have filled again are forgotten when there are as many.
MOST_BUCKETS = 10_000
# Codes that AWS's clients know as a reason to wait and call again: those that models declare, with a status; else by the protocol.
DECLARED = ("ThrottlingException", "TooManyRequestsException", "ThrottledException")
CODES = {
    "query": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "rest-xml": ("SlowDown", 503),
}
OTHERWISE = ("ThrottlingException", 400)
ADVICE = "Rate exceeded: more calls than {calls:g} a second. Wait and call again, or change `mlsystem up --calls-per-second`."


@dataclass
class _Bucket:
    tokens: float
    at: float


class Pace:
    """Thread-safe. `clock` tells seconds, from anywhere."""

    def __init__(self, calls_per_second: float, clock: Callable[[], float]):
        self._calls_per_second = calls_per_second
        self._burst = max(1.0, calls_per_second * BURST_SECONDS)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def count(self, caller: Principal, signing_name: str) -> None:
        """One call. Raises AwsError for one too many."""
        if not self._is_free(caller.arn):
            code, status = _refusal(signing_name)
            raise AwsError(code, ADVICE.format(calls=self._calls_per_second), status)

    def __len__(self) -> int:
        """Callers that are remembered."""
        return len(self._buckets)

    def _is_free(self, caller: str) -> bool:
        with self._lock:
            now = self._clock()
            bucket = self._buckets.get(caller)
            if bucket is None:
                self._forget(now)
                bucket = self._buckets[caller] = _Bucket(self._burst, now)
            bucket.tokens, bucket.at = self._filled(bucket, now), now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True

    def _filled(self, bucket: _Bucket, now: float) -> float:
        return min(self._burst, bucket.tokens + (now - bucket.at) * self._calls_per_second)

    def _forget(self, now: float) -> None:
        if len(self._buckets) >= MOST_BUCKETS:
            self._buckets = {
                caller: bucket for caller, bucket in self._buckets.items() if self._filled(bucket, now) < self._burst
            }


def _refusal(signing_name: str) -> tuple[str, int | None]:
    """Code and HTTP status, None where the model gives it."""
    model = model_of(signing_name)
    declared = next((code for code in DECLARED if code in model.shape_names), "")
    return (declared, None) if declared else CODES.get(model.protocol, OTHERWISE)
