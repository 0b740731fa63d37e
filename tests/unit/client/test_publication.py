"""The template that is published: the project's own, with its settings as defaults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfnlint.api import lint

from mlsystem.client.errors import ClientFailure
from mlsystem.client.project import load
from mlsystem.client.studio.publication import OF_A_PROJECT, with_defaults
from tests.aws.build import REGION
from tests.aws.project import PROJECT, read_template

TEXT = (PROJECT / "pipeline.yml").read_text()


def test_defaults_are_filled_in_and_nothing_else_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    given = {name: text for name, text in load(PROJECT).parameters().items() if name not in OF_A_PROJECT}
    defaults = {
        **given,
        "SeedBucket": "templates",
        "EmailAddress": 'a"b@example.com',
        "ApiBaseUrl": "http://127.0.0.1:1/_api",
    }
    published = with_defaults(TEXT, defaults)
    before, after = read_template(TEXT), read_template(published)
    assert {name: after["Parameters"][name].pop("Default") for name in defaults} == defaults
    for name in defaults:
        before["Parameters"][name].pop("Default", None)
    assert after == before
    plain = read_template(with_defaults(TEXT, {**defaults, "EmailAddress": ""}))["Parameters"]
    assert _findings(plain) == []
    plain["EmailAddress"]["Default"] = "nobody"
    assert [found.split(" ")[0] for found in _findings(plain)] == ["[E2015:"]


def _findings(parameters: dict[str, Any]) -> list[str]:
    """Of these alone, as linting the rest of the template takes long: somebody uses each of them."""
    used = {"Fn::Sub": " ".join(f"${{{name}}}" for name in parameters)}
    uses = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": used}}
    text = json.dumps({"Parameters": parameters, "Resources": {"Uses": uses}})
    return [str(match) for match in lint(text, regions=[REGION])]


def test_a_parameter_that_the_template_lacks_is_named() -> None:
    with pytest.raises(ClientFailure, match="no parameter Colour"):
        with_defaults(TEXT, {"Colour": "red"})
