"""What a deployment shifts is read from its AppSpec, which clients write in two ways."""

from __future__ import annotations

import json

import pytest
import yaml

from mlsystem.client.releases import shifted_versions

PROPERTIES = {"Name": "f", "Alias": "live", "CurrentVersion": "3", "TargetVersion": "4"}
APPSPEC = {"version": 0.0, "Resources": [{"f": {"Type": "AWS::Lambda::Function", "Properties": PROPERTIES}}]}


@pytest.mark.parametrize("content", [json.dumps(APPSPEC), yaml.safe_dump(APPSPEC)], ids=["JSON", "YAML"])
@pytest.mark.parametrize("place", ["appSpecContent", "string"])
def test_versions_are_read_from_either_form_of_an_appspec(content: str, place: str) -> None:
    assert shifted_versions({"revision": {place: {"content": content}}}) == ("3", "4")
