"""The project's templates, as SAM expands them, need nothing that the room does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsystem.engine.services.cloudformation.room import TYPES
from tests.aws.build import expanded, files_of
from tests.aws.project import OVERRIDES, PIPELINE_PARAMETERS, TEMPLATES

KINDS = {kind.name: kind for kind in TYPES}


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("package_type", ["Image", "Zip"])
def test_every_type_and_property_of_the_template_is_implemented(
    name: str, package_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    written = files_of(tmp_path).get(name.replace(".yml", ".json"), {}).get("Parameters", PIPELINE_PARAMETERS)
    resources = expanded(name, {**written, **OVERRIDES, "ApiPackageType": package_type})["Resources"]
    assert {item["Type"] for item in resources.values()} <= set(KINDS)
    for logical_id, item in resources.items():
        kind, given = KINDS[item["Type"]], set(item.get("Properties", ()))
        assert given <= kind.properties, (logical_id, given - kind.properties)
        assert kind.required <= given, (logical_id, kind.required - given)
