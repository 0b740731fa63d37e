"""The templates as linters see them: as they are written, and as CloudFormation expands them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cfnlint.api import lint
from cfnlint.match import Match

from tests.aws.build import REGION, expanded, files_of, workflow_graph
from tests.aws.project import OVERRIDES, PROJECT, TEMPLATES

MAX_TEMPLATE_BYTES = 1_000_000  # of a template in S3, where the command line and the pipeline put them

# What SAM itself makes of a template, and why it is no fault.
OF_THE_MACRO = {
    "W2001": "a parameter that the macro used up",
    "W1001": "the application has a condition that is always true: one of the two API functions exists",
}


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def findings(text: str) -> list[Match]:
    assert text
    found: list[Match] = lint(text, regions=[REGION])
    return found


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_a_template_as_written_has_no_findings(name: str) -> None:
    assert [str(match) for match in findings(TEMPLATES[name].read_text())] == []


def test_the_written_template_has_no_findings() -> None:
    template = workflow_graph()
    location = {"Bucket": "bucket", "Key": "key"}
    template["Resources"]["Workflow"]["Properties"]["DefinitionS3Location"] = location
    assert [str(match) for match in findings(json.dumps(template))] == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("sagemaker-custom-resource.yml", {}),
        ("deploy-model-prd.yml", {"ApiPackageType": "Image", **OVERRIDES}),
        ("deploy-model-prd.yml", {"ApiPackageType": "Zip", **OVERRIDES}),
        ("deploy-model-prd.yml", {"ApiAuth": "API_KEY", **OVERRIDES}),
        ("deploy-model-prd.yml", {"ApiAuth": "IAM", **OVERRIDES}),
    ],
)
def test_an_expanded_template_has_no_findings_but_the_macros_own(
    tmp_path: Path, name: str, changes: dict[str, str]
) -> None:
    parameters = files_of(tmp_path)[name.replace(".yml", ".json")]["Parameters"]
    template = expanded(name, {**parameters, **changes})
    found = findings(json.dumps(template))
    assert [str(match) for match in found if match.rule.id not in OF_THE_MACRO] == []


@pytest.mark.parametrize("path", sorted(PROJECT.rglob("*.yml")), ids=lambda path: path.name)
def test_a_template_is_no_larger_than_cloudformation_takes_from_s3(path: Path) -> None:
    assert len(path.read_bytes()) <= MAX_TEMPLATE_BYTES


@pytest.mark.parametrize(
    ("name", "right", "wrong", "rule"),
    [
        ("pipeline.yml", "EnableKeyRotation: true", "EnableKeyRotated: true", "E3002"),
        ("pipeline.yml", "!GetAtt BuildRole.Arn", "!GetAtt BuilderRole.Arn", "E1010"),
        ("pipeline.yml", "codecommit:GetBranch", "codecommit:GetBranches", "W3037"),
        ("deploy-model-prd.yml", "ServiceNamespace: sagemaker", "ServiceNamespace: sagemakers", "E3030"),
        ("deploy-model-dev.yml", "InitialVariantWeight: 1", "InitialVariantWeight: one", "E3012"),
    ],
)
def test_a_planted_fault_is_found(name: str, right: str, wrong: str, rule: str) -> None:
    text = TEMPLATES[name].read_text()
    assert right in text
    assert rule in {match.rule.id for match in findings(text.replace(right, wrong, 1))}
