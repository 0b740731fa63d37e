"""Runs one job: reads its configuration, writes its result."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from .config import read_config, write_result
from .container import Container
from .transform import Transform


def main(config_path: str) -> None:
    config = read_config(Path(config_path))
    result = Transform(config, Container(config), _say).run()
    write_result(Path(config.result), result)


def _say(line: str) -> None:
    """As SageMaker writes its data log."""
    at = datetime.now(UTC)
    sys.stdout.write(f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}:[sagemaker logs]: {line}\n")
    sys.stdout.flush()
