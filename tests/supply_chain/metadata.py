"""Where the metadata of locked packages is: in environments that have them installed, or in their wheels, which are fetched for that."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PathDistribution, distributions
from pathlib import Path

from tests.environments import environment
from tests.supply_chain.locks import Package, Pin, normalized

# Locks with an environment of their own, beside the one that tests run in.
ENVIRONMENTS = ("checkov", "sagemaker", "sagemaker_core", "mlflow", "aws_cli", "pip_audit", "schemathesis")

_MARKER = re.compile(r" ; [^\\\n]*(?=\\|\n|$)")


def installed(names: Iterable[str] = ()) -> dict[Package, Distribution]:
    """In the environment of the tests, and in those with these names, which are made where they are not there."""
    places = [sysconfig.get_path("purelib"), *(str(_packages(environment(name))) for name in names)]
    found: dict[Package, Distribution] = {}
    for distribution in distributions(path=places):
        found[Package(normalized(distribution.metadata["Name"]), distribution.version)] = distribution
    return found


def _packages(folder: Path) -> Path:
    return next(folder.glob("lib/python*/site-packages"))


def fetched(pins: Iterable[Pin], folder: Path) -> Mapping[Package, Distribution]:
    """Of packages that no environment here has: for another Python or system, or taken apart and not installed. Their wheels are read."""
    hashed = {pin.package: pin for pin in pins if "--hash=" in pin.text}
    found = {}
    for number, pin in enumerate(hashed.values()):
        place = folder / str(number)
        place.mkdir()
        lock = place / "lock.txt"
        lock.write_text(_MARKER.sub("", pin.text, count=1) + "\n")
        command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "-d", str(place), "-r", str(lock)]
        for options in ([], ["--python-version=3.13"], ["--python-version=3.13", "--platform=win_amd64"]):
            if subprocess.run([*command, *options], check=False, capture_output=True).returncode == 0:
                found[pin.package] = _read(place)
                break
    return found


def _read(folder: Path) -> Distribution:
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        for name in wheel.namelist():
            if ".dist-info/" in name:
                wheel.extract(name, folder)
    return PathDistribution(next(folder.glob("*.dist-info")))
