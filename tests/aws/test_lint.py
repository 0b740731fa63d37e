"""The templates as linters see them when CloudFormation has expanded them. As they are written scripts/lint.sh has them linted."""

from __future__ import annotations

import json
import re
from functools import cache
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


# Of a deployment of an API: a digest of what SAM was given for it.
DEPLOYMENT = re.compile(r"(?<=ApiDeployment)[0-9a-f]{10}\b|(?<=RestApi deployment id: )[0-9a-f]{40}\b")


@cache
def findings(text: str) -> list[Match]:
    """Linting is slow: what reads the same is linted once."""
    assert text
    found: list[Match] = lint(text, regions=[REGION])
    return found


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
    text, deployments = DEPLOYMENT.subn("0" * 10, json.dumps(template))
    assert bool(deployments) == (name == "deploy-model-prd.yml")
    found = findings(text)
    assert [str(match) for match in found if match.rule.id not in OF_THE_MACRO] == []


@pytest.mark.parametrize("path", sorted(PROJECT.rglob("*.yml")), ids=lambda path: path.name)
def test_a_template_is_no_larger_than_cloudformation_takes_from_s3(path: Path) -> None:
    assert len(path.read_bytes()) <= MAX_TEMPLATE_BYTES


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        (
            "pipeline.yml",
            [
                ("EnableKeyRotation: true", "EnableKeyRotated: true", "E3002"),
                ("!GetAtt BuildRole.Arn", "!GetAtt BuilderRole.Arn", "E1010"),
                ("codecommit:GetBranch", "codecommit:GetBranches", "W3037"),
            ],
        ),
        ("deploy-model-prd.yml", [("ServiceNamespace: sagemaker", "ServiceNamespace: sagemakers", "E3030")]),
        ("deploy-model-dev.yml", [("InitialVariantWeight: 1", "InitialVariantWeight: one", "E3012")]),
    ],
)
def test_planted_faults_are_found(name: str, faults: list[tuple[str, str, str]]) -> None:
    """Those of one template at once: linting is slow."""
    text = TEMPLATES[name].read_text()
    for right, wrong, _ in faults:
        assert right in text
        text = text.replace(right, wrong, 1)
    assert {rule for *_, rule in faults} <= {match.rule.id for match in findings(text)}
