"""Writes the table of licences and the bill of materials anew from the locks: `python -m tests.supply_chain`.

Makes the environments that it reads metadata from, and fetches wheels of what none of them has, so it needs the network after `make lock`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.supply_chain.licences import TABLE, UNKNOWN, licence_of, reasons, refused, table, table_text
from tests.supply_chain.locks import Package, pins
from tests.supply_chain.metadata import ENVIRONMENTS, fetched, installed
from tests.supply_chain.sbom import FILE, sbom_text


def main() -> int:
    locked = pins()
    written = reasons()
    known = table() if TABLE.exists() else {}
    wanted = {pin.package for pin in locked}
    found: dict[Package, str] = {package: known[package] for package in wanted if package in known}
    if wanted - found.keys():
        here = installed(ENVIRONMENTS)
        found |= {package: licence_of(here[package]) for package in wanted - found.keys() if package in here}
        with tempfile.TemporaryDirectory() as scratch:
            away = fetched((pin for pin in locked if pin.package not in found), Path(scratch))
            found |= {package: licence_of(distribution) for package, distribution in away.items()}
    licences = {package: written.stated.get(package.name, found.get(package, UNKNOWN)) for package in wanted}
    TABLE.write_text(table_text(licences))
    FILE.write_text(sbom_text(locked, licences))
    problems = refused(licences, {**written.exceptions, **written.for_tests})
    sys.stdout.write(f"{len(licences)} packages in {len({pin.lock for pin in locked})} locks\n")
    sys.stdout.writelines(
        f"not permissive, and not explained in requirements/licences.yaml: {one}\n" for one in problems
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
