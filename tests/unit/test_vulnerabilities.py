"""A package that nothing could be learned about does not count as sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.supply_chain.locks import Package
from tests.supply_chain.vulnerabilities import look

PACKAGES = [Package("a", "1"), Package("b", "1"), Package("b", "2"), Package("c", "1")]


class PipAudit:
    def __init__(self, known: dict[Package, list[str]]):
        self.known = known
        self.asked: list[list[Package]] = []

    def __call__(self, packages: Sequence[Package]) -> list[dict[str, Any]]:
        self.asked.append(list(packages))
        return [self._told(package) for package in packages]

    def _told(self, package: Package) -> dict[str, Any]:
        if package not in self.known:
            return {"name": package.name, "skip_reason": "not found"}
        vulns = [{"id": name, "fix_versions": ["9"]} for name in self.known[package]]
        return {"name": package.name, "version": package.version, "vulns": vulns}


def test_all_are_asked_about_each_version_in_a_round_of_its_own() -> None:
    ask = PipAudit({package: [] for package in PACKAGES})
    verdict = look(PACKAGES, ask)
    assert verdict.exit_code == 0
    assert ask.asked == [[PACKAGES[0]], [PACKAGES[1], PACKAGES[3]], [PACKAGES[2]]]


def test_what_is_vulnerable_is_named() -> None:
    ask = PipAudit({package: ["PYSEC-1"] if package.version == "2" else [] for package in PACKAGES})
    verdict = look(PACKAGES, ask)
    assert (verdict.exit_code, next(verdict.lines())) == (1, "b==2: PYSEC-1, fixed in 9")


def test_what_was_not_looked_at_is_not_passed() -> None:
    verdict = look(PACKAGES, PipAudit({package: [] for package in PACKAGES[:3]}))
    assert verdict.exit_code == 2
    counted, words = verdict.lines()
    assert "3 of 4 locked packages were looked at" in counted
    assert words.startswith("NOT PASSED")


def test_without_any_answer_the_others_are_not_asked_about() -> None:
    ask = PipAudit({})
    assert (look(PACKAGES, ask).exit_code, ask.asked) == (2, [[PACKAGES[0]]])
    assert look(PACKAGES, lambda _: []).exit_code == 2
