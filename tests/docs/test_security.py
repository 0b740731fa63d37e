"""docs/security.md claims nothing that no test tries."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest

from tests.docs.documents import ROOT
from tests.supply_chain.locks import locks, pins

PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
# They are read by what installs them in images, from an index that whoever builds those chooses, or hold no package of others' making.
WITHOUT_HASHES = {"src/mlsystem/monitor/requirements.txt"}


def _claims() -> list[str]:
    """Rows of the tables, without their heads."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    return [line for line in lines if not line.startswith("|---") and "| tried by |" not in line]


def test_every_claim_names_tests_that_are_there() -> None:
    assert len(_claims()) > 30
    for claim in _claims():
        named = NAMED.findall(claim)
        assert named, f"nothing tries this: {claim}"
        assert [name for file, name in named if name not in _tests(ROOT / file)] == [], claim


def test_every_table_is_one_of_claims() -> None:
    heads = [before for before, line in itertools.pairwise(PAGE.read_text().splitlines()) if line.startswith("|---")]
    assert len(heads) == 8
    assert all(head.endswith("| tried by |") for head in heads)


@pytest.mark.parametrize("lock", [lock for lock in locks() if lock not in WITHOUT_HASHES])
def test_every_package_of_a_lock_has_hashes(lock: str) -> None:
    entries = [pin for pin in pins() if pin.lock == lock]
    assert entries
    assert [str(pin.package) for pin in entries if "--hash=sha256:" not in pin.text] == []


def _tests(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
