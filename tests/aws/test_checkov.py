"""checkov finds nothing in the templates beside what checkov-baseline.yaml lists, with a reason for each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.aws.checkov_run import Finding, findings
from tests.aws.project import ROOT, TEMPLATES

BASELINE = Path(__file__).with_name("checkov-baseline.yaml")
PLANTED = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties: {EnableKeyRotation: false}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {AWS: '*'}, Action: sts:AssumeRole}]}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """One run for all tests: over the templates, and over one with faults in it."""
    folder = tmp_path_factory.mktemp("templates")
    for path in (*TEMPLATES.values(), *ROOT.glob("studio.yml")):
        shutil.copy(path, folder)
    (folder / "planted.yml").write_text(PLANTED)
    return findings(folder)


def accepted() -> dict[Finding, str]:
    content = yaml.safe_load(BASELINE.read_text())
    return {
        Finding(check, template, resource): entry["reason"]
        for check, entry in content.items()
        for template, resources in entry.items()
        if template != "reason"
        for resource in resources
    }


def test_checkov_finds_what_the_baseline_lists_and_nothing_else(found: set[Finding]) -> None:
    real = {finding for finding in found if finding.template != "planted.yml"}
    assert sorted(real - set(accepted())) == [], "new findings: mend them, or say in the baseline why not"
    assert sorted(set(accepted()) - real) == [], "no longer found: take them out of the baseline"


def test_every_entry_of_the_baseline_has_a_reason() -> None:
    assert all(len(reason) > 40 for reason in accepted().values())


def test_a_planted_fault_is_found(found: set[Finding]) -> None:
    planted = {(finding.check, finding.resource) for finding in found if finding.template == "planted.yml"}
    assert {("CKV_AWS_7", "Key"), ("CKV_AWS_60", "Role")} <= planted
