"""Load by wrk: so many connections, each of which asks again as soon as it has its answer; kept, or a new one for each request."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_suffix(".lua")
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Load:
    """`errors` are answers other than 2xx and 3xx, and connections that broke."""

    requests: int
    seconds: float
    errors: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def load(url: str, body: Path, content_type: str, connections: int, seconds: float, is_kept: bool = True) -> Load:
    command = ["wrk", "--threads", "2", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s"]
    command += ["--timeout", f"{TIMEOUT_SECONDS}s", "--script", str(SCRIPT), url]
    environment = {**os.environ, "BENCH_BODY": str(body), "BENCH_CONTENT_TYPE": content_type}
    environment["BENCH_CONNECTION"] = "keep-alive" if is_kept else "close"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout.splitlines()[-1]))
