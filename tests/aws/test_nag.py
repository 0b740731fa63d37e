"""cdk-nag's AWS Solutions rules find nothing beside what nag/baseline.yaml lists."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from tests.aws.build import REGION, expanded, files_of
from tests.aws.project import OVERRIDES, ROOT, TEMPLATES, read_template

HERE = Path(__file__).parent / "nag"
PLANTED = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": False, "KeyPolicy": {}}}}}
Finding = tuple[str, str, str]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    if not (HERE / "node_modules").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("cdk-nag is not installed; `make test` installs it where npm is there")
        pytest.skip("not run: npm is not installed, and so cdk-nag is not")
    folder = tmp_path_factory.mktemp("templates")
    for name, template in _templates(tmp_path_factory.mktemp("build")):
        (folder / f"{name}.json").write_text(json.dumps(template))
    command = ["node", str(HERE / "nag.mjs"), *map(str, sorted(folder.iterdir()))]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return [(template, resource, rule) for template, resource, rule in json.loads(ran.stdout)]


def _templates(folder: Path) -> Iterator[tuple[str, object]]:
    """As CloudFormation has them when SAM has done its part."""
    files = files_of(folder)
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_DEFAULT_REGION", REGION)
    try:
        for name in ("deploy-model-prd.yml", "sagemaker-custom-resource.yml"):
            parameters = {**files[name.replace(".yml", ".json")]["Parameters"], **OVERRIDES}
            yield name, expanded(name, parameters)
    finally:
        patch.undo()
    for path in (TEMPLATES["pipeline.yml"], TEMPLATES["deploy-model-dev.yml"], *ROOT.glob("studio.yml")):
        yield path.name, read_template(path.read_text())
    yield "planted", PLANTED


def accepted() -> list[tuple[str, str, list[str], str]]:
    """What the rule begins with, template, resources (with wildcards), reason."""
    content = yaml.safe_load((HERE / "baseline.yaml").read_text())
    return [
        (rule, template, resources, entry["reason"])
        for rule, entry in content.items()
        for template, resources in entry.items()
        if template != "reason"
    ]


def _covers(entry: tuple[str, str, list[str], str], finding: Finding) -> bool:
    rule, template, resources, _ = entry
    is_meant = finding[0] == template and finding[2].startswith(rule)
    return is_meant and any(fnmatchcase(finding[1], name) for name in resources)


def test_nag_finds_what_the_baseline_lists_and_nothing_else(found: list[Finding]) -> None:
    real, entries = [finding for finding in found if finding[0] != "planted"], accepted()
    new = [finding for finding in real if not any(_covers(entry, finding) for entry in entries)]
    assert new == [], "mend them, or say in the baseline why not"
    assert [entry for entry in entries if not any(_covers(entry, finding) for finding in real)] == []
    assert all(len(reason) > 40 for *_, reason in entries)


def test_a_planted_fault_is_found(found: list[Finding]) -> None:
    assert ("planted", "Key", "AwsSolutions-KMS5") in found
