"""Stacks when the engine is killed: each resource is made once, changed once, and the stack comes to its end."""

from __future__ import annotations

import json
from pathlib import Path

from botocore.exceptions import ClientError

from tests.functions import archive
from tests.killpoints import Harness
from tests.live import LiveEngine
from tests.stacks import StackUser


class StackScenario:
    """A creation, then an update that changes one resource, replaces one and adds one."""

    essential: tuple[str, ...] = (
        "cloudformation.stack.CREATE_COMPLETE.before_commit",
        "cloudformation.create_resource.before",
        "cloudformation.create_resource.after",
        "cloudformation.update_resource.after",
        "cloudformation.stack.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS.after_commit",
        "cloudformation.delete_resource.after",
    )

    def prepare(self, live: LiveEngine) -> None:
        live.client("s3").create_bucket(Bucket="seed")
        live.client("s3").put_object(Bucket="seed", Key="seed.zip", Body=archive({"read.me": "hello"}))

    def act(self, live: LiveEngine) -> None:
        user = StackUser(live, "killed")
        if not self._exists(user):
            user.create(_template(7, "one"))
        elif user.settled()["StackStatus"] != "UPDATE_COMPLETE":
            assert user.settled()["StackStatus"] == "CREATE_COMPLETE"
        try:
            user.update(_template(30, "two"))
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise

    def settle(self, live: LiveEngine) -> None:
        StackUser(live, "killed").settled()

    def check(self, live: LiveEngine) -> None:
        assert StackUser(live, "killed").settled()["StackStatus"] == "UPDATE_COMPLETE"
        groups = live.client("logs").describe_log_groups()["logGroups"]
        assert {item["logGroupName"]: item.get("retentionInDays") for item in groups} == {"kept": 30, "name-two": None}
        repositories = live.client("codecommit").list_repositories()["repositories"]
        assert [item["repositoryName"] for item in repositories] == ["seeded"]
        kms = live.client("kms")
        keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
        assert [key["Description"] for key in keys].count("one key") == 1
        commits = live.client("codecommit").get_branch(repositoryName="seeded", branchName="main")
        commit = live.client("codecommit").get_commit(repositoryName="seeded", commitId=commits["branch"]["commitId"])[
            "commit"
        ]
        assert commit["parents"] == [], "seeded once"

    def _exists(self, user: StackUser) -> bool:
        try:
            user.settled()
        except ClientError:
            return False
        return True


def _template(days: int, word: str) -> str:
    code = {"BranchName": "main", "S3": {"Bucket": "seed", "Key": "seed.zip"}}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"Description": "one key"}},
        "Kept": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "kept", "RetentionInDays": days},
        },
        "Replaced": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"name-{word}"}},
        "Repository": {
            "Type": "AWS::CodeCommit::Repository",
            "Properties": {"RepositoryName": "seeded", "Code": code},
        },
    }
    return json.dumps({"Resources": resources})


def test_a_stack_outlives_the_engine_at_every_essential_point(tmp_path: Path) -> None:
    Harness(tmp_path, StackScenario()).visit()
