"""What a person copies works as it stands, by what the API asks of them, and holds no secret."""

from __future__ import annotations

import ast
import shlex

import pytest

from mlsystem.console.snippets import api_snippets, endpoint_snippets

URL = "https://id.execute-api.eu-central-1.amazonaws.com/Prod/api"


@pytest.mark.parametrize("auth", ["NONE", "API_KEY", "IAM"])
def test_the_snippets_for_the_api_can_be_run(auth: str) -> None:
    curl, python = api_snippets(URL, auth, "eu-central-1")
    ast.parse(python.text)
    words = shlex.split(curl.text.replace("\\\n", " "), comments=True)
    assert words[:4] == ["curl", "-X", "POST", URL]
    assert words[words.index("--data-binary") + 1] == "@request.csv"
    assert ("x-api-key: $API_KEY" in words) == (auth == "API_KEY")
    assert ("--aws-sigv4" in words) == (auth == "IAM")
    assert ("SigV4Auth" in python.text) == (auth == "IAM")


def test_the_snippets_for_an_endpoint_name_it() -> None:
    shell, python = endpoint_snippets("e-prd", "eu-central-1")
    ast.parse(python.text)
    assert "--endpoint-name e-prd" in shell.text
    assert 'EndpointName="e-prd"' in python.text
