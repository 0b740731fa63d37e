"""The AppSpec of a Lambda deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.codedeploy.appspec import AppSpec, read_appspec, revision_content

YAML = """
version: 0.0
Resources:
  - f:
      Type: AWS::Lambda::Function
      Properties: {Name: f, Alias: live, CurrentVersion: 1, TargetVersion: "2"}
Hooks:
  - BeforeAllowTraffic: before
  - AfterAllowTraffic: after
"""


def _spec(**properties: Any) -> dict[str, Any]:
    given = {"Name": "f", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2", **properties}
    return {"version": 0.0, "Resources": [{"f": {"Type": "AWS::Lambda::Function", "Properties": given}}]}


def test_yaml_and_json_are_read_alike() -> None:
    assert read_appspec(YAML) == AppSpec("f", "live", "1", "2", "before", "after")
    assert read_appspec(json.dumps(_spec())) == AppSpec("f", "live", "1", "2")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({**_spec(), "version": 1.0}, "version must be 0.0"),
        ({**_spec(), "Resources": []}, "exactly one function"),
        ({"version": 0.0, "Resources": [{"f": {"Type": "AWS::ECS::Service"}}]}, "AWS::Lambda::Function"),
        (_spec(Alias=""), "property Alias"),
        (_spec(TargetVersion="1"), "both 1"),
        ({**_spec(), "Hooks": [{"AfterInstall": "x"}]}, "the hook AfterInstall"),
    ],
)
def test_what_cannot_be_deployed_is_refused_by_name(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words) as error:
        read_appspec(json.dumps(spec))
    assert error.value.code == "InvalidRevisionException"


def test_revisions_elsewhere_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedHere, match="revision of type S3"):
        revision_content({"revisionType": "S3", "s3Location": {"bucket": "b"}})


@pytest.mark.parametrize(
    "text",
    [
        "version: 0.0\nResources: [{}]\n",
        "version: 0.0\nResources: " + "[" * 25_000,
        "version: 0.0\nwhen: 2026-13-45\n",
        "version: " + "1" * 5000,
        "version: !!timestamp soon\n",
    ],
)
def test_what_nobody_writes_is_refused_as_such(text: str) -> None:
    with pytest.raises(AwsError) as caught:
        read_appspec(text)
    assert caught.value.code == "InvalidRevisionException"
