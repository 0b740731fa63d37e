"""Every policy in the repository: an Allow names each action, and asks for no more resources than AWS makes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.build import workflow_graph
from tests.aws.project import ROOT, TEMPLATES, read_template
from tests.studio import STUDIO

DEPLOYING = ROOT / "src" / "mlsystem" / "client" / "preflight" / "deploying.json"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


def documents() -> dict[str, Any]:
    """All that may have a policy in it, by name."""
    found: dict[str, Any] = {name: read_template(path.read_text()) for name, path in TEMPLATES.items()}
    found["studio.yml"] = read_template(STUDIO.read_text())
    found["workflow-graph.yml"] = workflow_graph()
    found["deploying.json"] = json.loads(DEPLOYING.read_text())
    for page in PAGES:
        for number, block in enumerate(BLOCK.findall(page.read_text())):
            if '"Statement"' in block:
                found[f"{page.name} {number}"] = json.loads(block)
    return found


def allowed(document: Any) -> Iterator[dict[str, Any]]:
    """The Allow statements, wherever they stand."""
    if isinstance(document, dict):
        if document.get("Effect") == "Allow":
            yield document
        for value in document.values():
            yield from allowed(value)
    elif isinstance(document, list):
        for value in document:
            yield from allowed(value)


def faults(document: Any) -> list[str]:
    """Actions that nobody has written down, and statements that allow all but something."""
    found = []
    for statement in allowed(document):
        actions = statement.get("Action", [])
        found += [
            action for action in (actions if isinstance(actions, list) else [actions]) if "*" in action or "?" in action
        ]
        found += [name for name in ("NotAction", "NotResource") if name in statement]
    return found


@pytest.mark.parametrize("name", list(documents()))
def test_no_allow_has_a_wildcard_in_an_action(name: str) -> None:
    assert faults(documents()[name]) == []


def test_every_file_with_a_policy_is_looked_at() -> None:
    named = {name.split()[0] for name in documents() if list(allowed(documents()[name]))}
    assert {"pipeline.yml", "studio.yml", "deploying.json", "studio.md"} <= named
    texts = {path.name for path in _files() if re.search(r"Effect['\"]?: ['\"]?Allow", path.read_text())}
    assert texts <= named


def _files() -> list[Path]:
    """What a user gets and AWS reads, or may read."""
    folders = (ROOT / "project", ROOT / "src" / "mlsystem" / "client", ROOT / "scripts", ROOT / "examples")
    kinds = {".yml", ".yaml", ".json", ".sh", ".ipynb"}
    return [STUDIO, *(path for folder in folders for path in folder.rglob("*") if path.suffix in kinds)]


@pytest.mark.parametrize(
    "planted",
    [
        {"Effect": "Allow", "Action": "lambda:Get*", "Resource": "arn"},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:*"], "Resource": "arn"},
        {"Effect": "Allow", "Action": ["s3:GetObjec?"], "Resource": "arn"},
        {"Effect": "Allow", "NotAction": "iam:CreateUser", "Resource": "arn"},
    ],
)
def test_a_planted_wildcard_is_found(planted: dict[str, Any]) -> None:
    template = {"Resources": {"Role": {"Properties": {"Policies": [{"PolicyDocument": {"Statement": [planted]}}]}}}}
    assert len(faults(template)) == 1
    assert faults({"Statement": [{**planted, "Effect": "Deny"}]}) == []
