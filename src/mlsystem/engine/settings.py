"""The settings of one engine, as `mlsystem up` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 4580
DEFAULT_KEY_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class Settings:
    """`port` 0 takes a free one. `time_scale` divides durations: waits, alarm periods, cooldowns, `rate()` schedules.

    `workload_key_seconds`: how long the keys count that programs fetch; as long as those of ECS.
    """

    folder: Path
    port: int = DEFAULT_PORT
    host: str = "127.0.0.1"
    time_scale: float = 1.0
    account: str = "000000000000"
    region: str = "us-east-1"
    workload_key_seconds: float = DEFAULT_KEY_SECONDS
