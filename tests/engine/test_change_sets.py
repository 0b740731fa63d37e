"""A change of a stack can be looked at before it is made; the AWS CLI deploys so."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.command_line import SCRIPTS
from tests.live import LiveEngine, eventually
from tests.stacks import StackUser

TEMPLATE = """
Parameters: {Days: {Type: Number, Default: 7}, Name: {Type: String}}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref Name, RetentionInDays: !Ref Days}}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Group}}
Outputs: {Group: {Value: !Ref Group}}
"""
SHORTER = TEMPLATE.replace("  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Group}}\n", "")


class Changer:
    """Makes and carries out change sets of one stack."""

    def __init__(self, engine: LiveEngine):
        self.name = f"changed-{uuid.uuid4().hex[:8]}"
        self.client: Any = engine.client("cloudformation")
        self.stack = StackUser(engine, self.name)

    def make(self, template: str = TEMPLATE, kind: str = "UPDATE", name: str = "first", **given: str) -> dict[str, Any]:
        given = {"Name": self.name, **given}
        self.client.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        )
        return self.look(name)

    def look(self, name: str = "first") -> dict[str, Any]:
        return dict(self.client.describe_change_set(StackName=self.name, ChangeSetName=name))

    def carry_out(self, name: str = "first") -> dict[str, Any]:
        self.client.execute_change_set(StackName=self.name, ChangeSetName=name)
        return self.stack.settled()


@pytest.fixture
def changer(engine: LiveEngine) -> Iterator[Changer]:
    made = Changer(engine)
    yield made
    made.client.delete_stack(StackName=made.name)


def told(change_set: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Action and replacement by logical id."""
    changes = [item["ResourceChange"] for item in change_set["Changes"]]
    return {item["LogicalResourceId"]: (item["Action"], item.get("Replacement", "")) for item in changes}


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_new_stack_is_looked_at_and_then_made(changer: Changer) -> None:
    found = changer.make(kind="CREATE")
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert told(found) == {"Group": ("Add", ""), "Topic": ("Add", "")}
    [stack] = changer.client.describe_stacks(StackName=changer.name)["Stacks"]
    assert stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert changer.client.list_stack_resources(StackName=changer.name)["StackResourceSummaries"] == []
    assert changer.carry_out()["StackStatus"] == "CREATE_COMPLETE"
    assert changer.look()["ExecutionStatus"] == "EXECUTE_COMPLETE"


def test_a_change_says_what_is_added_changed_replaced_and_removed(changer: Changer) -> None:
    changer.make(kind="CREATE")
    changer.carry_out()
    assert told(changer.make(Days="14", name="longer")) == {"Group": ("Modify", "False")}
    [change] = [item["ResourceChange"] for item in changer.look("longer")["Changes"]]
    assert [(item["Target"]["Name"], item["Evaluation"]) for item in change["Details"]] == [
        ("RetentionInDays", "Static")
    ]
    renamed = changer.make(Name=f"{changer.name}-b", name="renamed")
    assert told(renamed) == {"Group": ("Modify", "True"), "Topic": ("Modify", "False")}
    [group, topic] = [item["ResourceChange"] for item in renamed["Changes"]]
    assert group["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    assert topic["Details"][0]["Evaluation"] == "Dynamic"
    assert told(changer.make(SHORTER, name="shorter")) == {"Topic": ("Remove", "")}
    listed = changer.client.list_change_sets(StackName=changer.name)["Summaries"]
    assert {item["ChangeSetName"] for item in listed} == {"first", "longer", "renamed", "shorter"}
    assert changer.carry_out("shorter")["StackStatus"] == "UPDATE_COMPLETE"
    names = [
        item["LogicalResourceId"]
        for item in changer.client.list_stack_resources(StackName=changer.name)["StackResourceSummaries"]
    ]
    assert names == ["Group"]


def test_without_a_change_the_set_fails_and_says_so(changer: Changer) -> None:
    changer.make(kind="CREATE")
    changer.carry_out()
    found = changer.make(name="same")
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]
    with pytest.raises(ClientError) as error:
        changer.carry_out("same")
    assert refusal(error) == "InvalidChangeSetStatus"


def test_a_set_is_obsolete_once_the_stack_has_changed(changer: Changer) -> None:
    changer.make(kind="CREATE")
    changer.carry_out()
    changer.make(Days="14", name="late")
    changer.stack.update(TEMPLATE, {"Name": changer.name, "Days": "30"})
    assert changer.look("late")["ExecutionStatus"] == "OBSOLETE"
    with pytest.raises(ClientError) as error:
        changer.carry_out("late")
    assert refusal(error) == "InvalidChangeSetStatus"


def test_what_cannot_be_is_refused(changer: Changer) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        changer.make(kind="UPDATE")
    changer.make(kind="CREATE")
    with pytest.raises(ClientError) as error:
        changer.make(kind="CREATE")
    assert refusal(error) == "AlreadyExistsException"
    with pytest.raises(ClientError) as error:
        changer.look("other")
    assert refusal(error) == "ChangeSetNotFound"
    with pytest.raises(ClientError, match="IMPORT"):
        changer.make(kind="IMPORT", name="import")
    changer.carry_out()
    with pytest.raises(ClientError, match="already exists"):
        changer.make(kind="CREATE", name="again")


def test_a_deleted_set_is_gone_and_its_new_stack_can_be_deleted(changer: Changer) -> None:
    changer.make(kind="CREATE")
    for _ in range(2):
        changer.client.delete_change_set(StackName=changer.name, ChangeSetName="first")
    assert changer.client.list_change_sets(StackName=changer.name)["Summaries"] == []
    changer.client.delete_stack(StackName=changer.name)
    with pytest.raises(ClientError, match="does not exist"):
        changer.client.describe_stacks(StackName=changer.name)


def test_the_aws_cli_deploys_a_template_and_its_change(engine: LiveEngine, changer: Changer, tmp_path: Path) -> None:
    path = tmp_path / "template.yml"
    path.write_text(TEMPLATE)
    keys = engine.credentials()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": engine.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
    }

    def deploy(*given: str) -> str:
        command = [str(SCRIPTS / "aws"), "cloudformation", "deploy", "--stack-name", changer.name]
        command += ["--template-file", str(path), "--parameter-overrides", f"Name={changer.name}", *given]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
        assert done.returncode in (0, 255), done.stderr
        return done.stdout + done.stderr

    changer.make(kind="CREATE")
    changer.carry_out()
    assert "Successfully created/updated stack" in deploy("Days=14")
    second = int(time.time())
    eventually(lambda: int(time.time()) > second)  # the CLI names its change sets by the second
    assert "No changes to deploy" in deploy("Days=14")
    [group] = engine.client("logs").describe_log_groups(logGroupNamePrefix=changer.name)["logGroups"]
    assert group["retentionInDays"] == 14


@pytest.mark.parametrize("number", [1, 2])
def test_a_set_is_carried_out_once_although_the_engine_dies(new_engine: Callable[..., LiveEngine], number: int) -> None:
    live = new_engine()
    live.start({"MLSYSTEM_KILL_AT": f"cloudformation.create_resource.after#{number}"})
    changer = Changer(live)
    changer.make(kind="CREATE")
    with suppress(ClientError, BotoCoreError):
        changer.client.execute_change_set(StackName=changer.name, ChangeSetName="first")
    live.await_death()
    live.start()
    again = Changer(live)
    again.name = again.stack.name = again.stack.id = changer.name
    eventually(lambda: again.stack.settled()["StackStatus"] == "CREATE_COMPLETE")
    assert again.look()["ExecutionStatus"] == "EXECUTE_COMPLETE"
