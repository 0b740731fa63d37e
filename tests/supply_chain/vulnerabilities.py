"""Asks pip-audit for known vulnerabilities of every locked package: `python -m tests.supply_chain.vulnerabilities`.

pip-audit passes over a package that it gets no answer about, and ends with 0. Here that counts: 0 means that each package was looked at and
none is known to be vulnerable, 1 that some are, 2 that some could not be looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.environments import environment
from tests.supply_chain.locks import Package, pins

OPTIONS = ("--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json")
# Asks about packages; gives pip-audit's list of dependencies, empty where it could not answer at all.
Ask = Callable[[Sequence[Package]], list[dict[str, Any]]]


@dataclass
class Verdict:
    asked: int
    looked_at: set[Package] = field(default_factory=set)
    vulnerable: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        if self.vulnerable:
            return 1
        return 0 if len(self.looked_at) == self.asked else 2

    def lines(self) -> Iterator[str]:
        yield from self.vulnerable
        yield f"{len(self.looked_at)} of {self.asked} locked packages were looked at, {len(self.vulnerable)} vulnerabilities are known"
        if len(self.looked_at) < self.asked:
            yield "NOT PASSED: of the others nothing is known, as the data of vulnerabilities cannot be had from here"


def look(packages: Iterable[Package], ask: Ask) -> Verdict:
    """Where there is no answer about the first of them, the others are not asked about."""
    wanted = sorted(set(packages))
    verdict = Verdict(len(wanted))
    for round_ in [wanted[:1], *_rounds(wanted[1:])]:
        for told in ask(round_):
            if "skip_reason" in told:
                continue
            package = Package(told["name"], told["version"])
            verdict.looked_at.add(package)
            verdict.vulnerable += [f"{package}: {_words(one)}" for one in told["vulns"]]
        if not verdict.looked_at:
            break
    return verdict


def _rounds(packages: Sequence[Package]) -> Iterator[list[Package]]:
    """pip-audit takes one version of a package at a time."""
    left = list(packages)
    while left:
        first = {package.name: package for package in reversed(left)}
        yield sorted(first.values())
        left = [package for package in left if package not in set(first.values())]


def _words(vulnerability: dict[str, Any]) -> str:
    fixed = ", ".join(vulnerability.get("fix_versions") or []) or "no version"
    return f"{vulnerability['id']}, fixed in {fixed}"


def ask_pip_audit(packages: Sequence[Package]) -> list[dict[str, Any]]:
    program = environment("pip_audit") / "bin" / "pip-audit"
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text("".join(f"{package}\n" for package in packages))
        done = subprocess.run([program, *OPTIONS, "-r", str(wanted)], capture_output=True, text=True, check=False)
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        sys.stderr.write(f"pip-audit failed: {done.stderr.strip()[-500:]}\n")
        return []


def main() -> int:
    verdict = look((pin.package for pin in pins()), ask_pip_audit)
    sys.stdout.writelines(f"{line}\n" for line in verdict.lines())
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
