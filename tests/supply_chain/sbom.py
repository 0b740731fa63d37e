"""A software bill of materials in CycloneDX's JSON, from the locks and the table of licences: always the same for the same locks.

https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.supply_chain.locks import OPTIONAL, ROOT, SHIPPED, Package, Pin

FILE = ROOT / "requirements" / "sbom.cdx.json"
SPEC_VERSION = "1.6"


def sbom_text(pins: Sequence[Pin], licences: Mapping[Package, str]) -> str:
    return json.dumps(sbom(pins, licences), indent=1) + "\n"


def sbom(pins: Sequence[Pin], licences: Mapping[Package, str]) -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = f"{project['name']}@{project['version']}"
    locks: dict[Package, list[str]] = defaultdict(list)
    for pin in pins:
        locks[pin.package].append(pin.lock)
    component = {
        "type": "application",
        "bom-ref": own,
        "name": project["name"],
        "version": project["version"],
        "licenses": [{"expression": project["license"]}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {"component": component},
        "components": [_component(package, locks[package], licences) for package in sorted(locks)],
        "dependencies": [_dependency(own, _roots(pins)), *_dependencies(pins)],
    }


def _component(package: Package, locks: list[str], licences: Mapping[Package, str]) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": str(package),
        "name": package.name,
        "version": package.version,
        "scope": _scope(locks),
        "licenses": [{"expression": licences[package]}],
        "purl": f"pkg:pypi/{package.name}@{package.version}",
        "properties": [{"name": "mlsystem:lock", "value": lock} for lock in sorted(locks)],
    }


def _scope(locks: Iterable[str]) -> str:
    """`excluded`: for tests and packaging alone."""
    found = set(locks)
    return "required" if found & set(SHIPPED) else "optional" if found & set(OPTIONAL) else "excluded"


def _roots(pins: Iterable[Pin]) -> set[str]:
    """What this project asks for itself."""
    return {str(pin.package) for pin in pins if not pin.needed_by}


def _dependencies(pins: Iterable[Pin]) -> list[dict[str, Any]]:
    """Within each lock, as the same name may stand for another version elsewhere."""
    versions: dict[tuple[str, str], list[Package]] = defaultdict(list)
    needs: dict[Package, set[str]] = {}
    for pin in pins:
        versions[pin.lock, pin.package.name].append(pin.package)
        needs.setdefault(pin.package, set())
    for pin in pins:
        for name in pin.needed_by:
            for package in versions[pin.lock, name]:
                needs[package].add(str(pin.package))
    return [_dependency(str(package), needed) for package, needed in sorted(needs.items())]


def _dependency(of: str, on: Iterable[str]) -> dict[str, Any]:
    return {"ref": of, "dependsOn": sorted(on)}
