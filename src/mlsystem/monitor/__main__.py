"""Starts the analyzer: with arguments as a command, without any as a processing container."""

import os
import sys
from datetime import UTC, datetime

from mlsystem.monitor.command import run_command
from mlsystem.monitor.container import run_container
from mlsystem.monitor.publishing import cloudwatch_publisher


def main() -> int:
    """Runs, tells the outcome, and returns the exit code: 0 for a run that did its work, whatever it found."""
    if len(sys.argv) > 1:
        code, text = run_command(sys.argv[1:], _now)
    else:
        code, text = run_container(os.environ, cloudwatch_publisher, _now)
    (sys.stderr if code else sys.stdout).write(text + "\n")
    return code


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
