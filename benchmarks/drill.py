"""The whole drill on a system of its own: every fault is met as it must be, or the exit code is 2.

python benchmarks/drill.py [--time-scale 10] [--rate 60] [--case NAME ...] [--json]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests import small_project
from tests.finished import finished_folder, system_on_copy

MLSYSTEM = Path(sys.executable).with_name("mlsystem")


def drill(time_scale: float, options: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        project = small_project.unpack(folder / "project")
        with system_on_copy(finished_folder(folder), folder / "home", time_scale=time_scale) as system:
            given = ["--home", str(system.engine.folder), "--project", str(project)]
            return subprocess.run([str(MLSYSTEM), *given, *options], check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time-scale", type=float, default=5)
    parser.add_argument("--rate", type=float, default=60)
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cases = [word for name in options.case for word in ("--case", name)]
    as_json = ["--json"] if options.json else []
    return drill(options.time_scale, [*as_json, "drill", "--rate", str(options.rate), *cases])


if __name__ == "__main__":
    sys.exit(main())
