"""What this project ships and runs is known: each locked package with its licence, in a bill of materials that the locks alone decide."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.supply_chain.licences import (
    UNKNOWN,
    is_permissive,
    licence_of,
    reasons,
    refused,
    table,
    table_text,
)
from tests.supply_chain.locks import SHIPPED, Package, Pin, locks, pins, read_lock
from tests.supply_chain.metadata import installed
from tests.supply_chain.sbom import FILE, sbom, sbom_text

ADVICE = "make supply-chain writes it anew"


@pytest.fixture(scope="module")
def locked() -> list[Pin]:
    return pins()


def test_every_locked_package_is_in_the_table_of_licences_and_nothing_else(locked: list[Pin]) -> None:
    assert table().keys() == {pin.package for pin in locked}, ADVICE


def test_every_licence_is_permissive_or_explained() -> None:
    written = reasons()
    assert refused(table(), {**written.exceptions, **written.for_tests}) == []


def test_what_is_shipped_needs_no_exception_of_the_tests(locked: list[Pin]) -> None:
    shipped = {pin.package.name for pin in locked if pin.lock in SHIPPED or pin.lock == "requirements/mlflow.txt"}
    assert shipped & reasons().for_tests.keys() == set()


def test_every_explanation_is_of_a_package_that_needs_it() -> None:
    written, licences = reasons(), table()
    needing = {package.name for package, licence in licences.items() if not is_permissive(licence)}
    assert {*written.exceptions, *written.for_tests} == needing
    assert written.stated.items() <= {(package.name, licence) for package, licence in licences.items()}


def test_the_table_says_what_the_installed_packages_say() -> None:
    known, here, written = table(), installed(), reasons()
    wanted = [package for package in known if package in here and package.name not in written.stated]
    assert len(wanted) > 100
    assert {package: licence_of(here[package]) for package in wanted} == {package: known[package] for package in wanted}


def test_the_bill_of_materials_is_what_the_locks_say(locked: list[Pin]) -> None:
    assert FILE.read_text() == sbom_text(locked, table()), ADVICE


def test_the_bill_of_materials_is_consistent(locked: list[Pin]) -> None:
    bill = sbom(locked, table())
    known = {component["bom-ref"] for component in bill["components"]}
    assert len(known) == len(bill["components"]) == len(table())
    named = {name for entry in bill["dependencies"] for name in [entry["ref"], *entry["dependsOn"]]}
    assert named - known == {bill["metadata"]["component"]["bom-ref"]}
    edges = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    boto3 = next(
        pin.package for pin in locked if pin.package.name == "boto3" and pin.lock == "requirements/runtime.txt"
    )
    assert any(name.startswith("botocore==") for name in edges[str(boto3)])
    scopes = {component["name"]: component["scope"] for component in bill["components"]}
    assert (scopes["starlette"], scopes["lightgbm"], scopes["pytest"], scopes["mlflow"]) == (
        "required",
        "required",
        "excluded",
        "optional",
    )


def test_the_bill_of_materials_names_no_host() -> None:
    text = FILE.read_text()
    assert "://" not in text
    assert json.loads(text)["bomFormat"] == "CycloneDX"


def test_a_lock_that_nobody_knows_of_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "new.txt").write_text("")
    assert "requirements/new.txt" in locks(tmp_path)


def test_a_package_with_another_licence_is_refused_until_it_is_explained() -> None:
    licences = {Package("evil", "1"): "AGPL-3.0-only", Package("fine", "1"): "MIT", Package("odd", "2"): UNKNOWN}
    assert refused(licences, []) == ["evil==1: AGPL-3.0-only", f"odd==2: {UNKNOWN}"]
    assert refused(licences, ["evil", "odd"]) == []
    assert table_text(licences) == f"evil==1\tAGPL-3.0-only\nfine==1\tMIT\nodd==2\t{UNKNOWN}\n"


@pytest.mark.parametrize(
    ("expression", "is_fine"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("Apache-2.0 AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("(GPL-2.0-only OR MIT) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("LicenseRef-unknown", False),
    ],
)
def test_an_expression_is_as_permissive_as_what_must_be_kept_of_it(expression: str, is_fine: bool) -> None:
    assert is_permissive(expression) is is_fine


@pytest.mark.parametrize("expression", ["", "MIT OR", "(MIT", "MIT MIT", "AND", "MIT, BSD"])
def test_what_is_no_expression_is_an_error(expression: str) -> None:
    with pytest.raises(ValueError, match=r"SPDX|licence|parenthesis"):
        is_permissive(expression)


def test_a_lock_is_read_with_what_needs_what() -> None:
    text = (
        "# made by hand\n"
        "A_b.c[extra]==1.0 ; python_version < '3.12' \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n    # via D\n"
        "d==2 \\\n    --hash=sha256:22\n    # via\n    #   -r requirements/x.in\n    #   e[f]\n"
    )
    first, second = read_lock("x.txt", text)
    assert (first.package, first.needed_by) == (Package("a-b-c", "1.0"), ("d",))
    assert (second.package, second.needed_by) == (Package("d", "2"), ("e",))
    with pytest.raises(ValueError, match="not locked"):
        list(read_lock("x.txt", "requests>=2\n"))
