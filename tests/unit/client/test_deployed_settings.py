"""Settings are told with their meaning, and no secret among them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.deployed_settings import HIDDEN, read_committed, read_stacks, shown
from mlsystem.client.notifications import shown_endpoint
from mlsystem.client.project import Project
from mlsystem.client.served_model import shown_environment

ROOT = Path(__file__).parents[3]
PROJECT = Project(Path(), {"project": {"prefix": "mls", "name": "demo", "git_branch": "main"}})


class Account:
    """CodeCommit with these files, CloudFormation with one stack."""

    def __init__(self, files: dict[str, bytes], parameters: dict[str, str] | None = None):
        self.files = files
        self.parameters = parameters or {}

    def client(self, _service: str) -> Account:
        return self

    def get_file(self, repositoryName: str, commitSpecifier: str, filePath: str) -> dict[str, Any]:
        assert (repositoryName, commitSpecifier) == ("mls-demo", "main")
        if filePath not in self.files:
            raise ClientError({"Error": {"Code": "FileDoesNotExistException", "Message": "no"}}, "GetFile")
        return {"commitId": "c0ffee", "fileContent": self.files[filePath]}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName != "mls-demo-pipeline":
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        at = datetime(2026, 1, 1, tzinfo=UTC)
        stack = {"StackName": StackName, "StackStatus": "CREATE_COMPLETE", "CreationTime": at, "Parameters": given}
        return {"Stacks": [stack]}


def files(settings: bytes = b"") -> dict[str, bytes]:
    own = settings or (ROOT / "project/mlsystem.yaml").read_bytes()
    return {"mlsystem.yaml": own, "mlsystem.schema.json": (ROOT / "project/mlsystem.schema.json").read_bytes()}


def test_every_setting_of_the_template_project_is_told_with_its_meaning() -> None:
    found = read_committed(cast(Connection, Account(files())), PROJECT)
    assert found is not None
    settings = {one.name: one for section in found.sections for one in section.settings}
    assert settings["gate.champion.on_unreadable"].value == "fail"
    assert settings["data.categorical_features"].value == "carrier, origin, dest"
    assert [name for name, one in settings.items() if not one.meaning] == []
    assert [section.name for section in found.sections if not section.meaning] == []


def test_a_project_whose_code_is_elsewhere_has_no_committed_settings() -> None:
    assert read_committed(cast(Connection, Account({})), PROJECT) is None


def test_settings_without_a_schema_are_told_without_their_meaning() -> None:
    found = read_committed(cast(Connection, Account({"mlsystem.yaml": b"gate: {metric: auc}\nodd: 3\n"})), PROJECT)
    assert found is not None
    assert [(one.name, one.value) for section in found.sections for one in section.settings] == [
        ("gate.metric", "auc"),
        ("odd", "3"),
    ]


@pytest.mark.parametrize("name", ["DbPassword", "api_key", "GitToken", "client_secret", "AWS_SECRET_ACCESS_KEY"])
def test_what_is_named_like_a_secret_is_not_shown(name: str) -> None:
    assert shown(name, "hunter2") == HIDDEN
    assert "hunter2" not in str(shown_environment({name: "hunter2"}))


def test_what_cloudformation_masks_and_the_url_of_a_web_hook_are_not_shown() -> None:
    parameters = {"Odd": "****", "WebhookUrl": "https://u:p@hooks.example/T0/s3cret?k=v", "Kept": "plain"}
    [stack] = read_stacks(cast(Connection, Account({}, parameters)), PROJECT)
    assert dict(stack.parameters) == {"Odd": HIDDEN, "WebhookUrl": "https://hooks.example/…", "Kept": "plain"}


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("a@example.com", "a@example.com"),
        ("https://hooks.example", "https://hooks.example"),
        ("https://hooks.example?token=1", "https://hooks.example/…"),
        ("https://user:word@hooks.example:8443/path/token", "https://hooks.example:8443/…"),
        ("arn:aws:lambda:r:1:function:f", "arn:aws:lambda:r:1:function:f"),
    ],
)
def test_a_subscriptions_endpoint_is_told_without_what_may_be_secret(endpoint: str, told: str) -> None:
    assert shown_endpoint(endpoint) == told
