"""More rows of 25 columns: the analyzer's profile and its check, beside a bare scan, as analyzer_speed.py measures them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.analyzer_speed import BARE, NUMBERS, WORDS, analyzer, bare, compete, made_apart, make_files
from benchmarks.growing.growth import Growth, Ought, Quantity

PROFILE, PROFILE_MEMORY, CHECK, CHECK_MEMORY = "profile, CPU", "profile, memory", "check, CPU", "check, memory"
SCAN, PROFILE_SECONDS = "bare scan, CPU", "profile"
# What the memory may grow to does not depend on the rows; DuckDB takes more as long as there is some.
QUANTITIES = (
    Quantity(SCAN, "s", Ought.BE_IN_PROPORTION, 0.3),
    Quantity(PROFILE, "s", Ought.BE_IN_PROPORTION, 0.3),
    Quantity(PROFILE_SECONDS, "s", Ought.BE_IN_PROPORTION, 0.3),
    Quantity(PROFILE_MEMORY, "MB", Ought.BE_FLAT, 500.0),
    Quantity(CHECK, "s", Ought.BE_IN_PROPORTION, 0.3),
    Quantity(CHECK_MEMORY, "MB", Ought.BE_FLAT, 500.0),
)


def measure(sizes: Sequence[int], folder: Path) -> Growth:
    growth = Growth("rows", f"rows of {NUMBERS + len(WORDS)} columns", QUANTITIES)
    for size in sizes:
        path = made_apart(make_files, folder, size)
        costs = compete([bare(path), *analyzer(path, folder)], rounds=1)
        path.unlink()
        profile, check = costs["profile"], costs["check"]
        growth.points[size] = {
            SCAN: round(costs[BARE].cpu_seconds, 2),
            PROFILE: round(profile.cpu_seconds, 2),
            PROFILE_SECONDS: round(profile.seconds, 2),
            PROFILE_MEMORY: round(profile.megabytes),
            CHECK: round(check.cpu_seconds, 2),
            CHECK_MEMORY: round(check.megabytes),
        }
    return growth
