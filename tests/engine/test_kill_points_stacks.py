"""Stacks when the engine is killed: each resource is made once, changed once, and the stack comes to its end."""

from __future__ import annotations

import json
from pathlib import Path

from botocore.exceptions import ClientError

from tests.functions import archive, make_function
from tests.killpoints import Harness
from tests.live import LiveEngine, eventually
from tests.stacks import StackUser, outputs

# It does not insist, as the module cfnresponse does not: Lambda sees a success.
PROVIDER = """
import json, urllib.request
def handler(event, context):
    print('REQUEST ' + event['RequestType'] + ' ' + event['RequestId'])
    body = {name: event[name] for name in ('StackId', 'RequestId', 'LogicalResourceId')}
    body |= {'Status': 'SUCCESS', 'PhysicalResourceId': 'made-once', 'Data': {'Days': event['ResourceProperties']['Days']}}
    try:
        urllib.request.urlopen(urllib.request.Request(event['ResponseURL'], json.dumps(body).encode(), method='PUT'))
    except OSError as error:
        print('UNHEARD ' + str(error))
"""


class StackScenario:
    """A creation, then an update that changes two resources, one of them a custom one, and replaces one."""

    essential: tuple[str, ...] = (
        "cloudformation.stack.CREATE_COMPLETE.before_commit",
        "cloudformation.create_resource.before",
        "cloudformation.create_resource.after",
        "cloudformation.update_resource.after",
        "cloudformation.stack.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS.after_commit",
        "cloudformation.delete_resource.after",
        # The function has been asked, and nobody knows; it has answered, and nobody keeps it.
        "cloudformation.send_custom_request.after",
        "cloudformation.custom_request.Answered.before_commit",
    )

    def prepare(self, live: LiveEngine) -> None:
        live.client("s3").create_bucket(Bucket="seed")
        live.client("s3").put_object(Bucket="seed", Key="seed.zip", Body=archive({"read.me": "hello"}))
        make_function(live, "provider", PROVIDER, Timeout=30)

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
        stack = StackUser(live, "killed").settled()
        assert stack["StackStatus"] == "UPDATE_COMPLETE"
        assert outputs(stack) == {"Custom": "made-once", "Days": "30"}
        eventually(lambda: self._asked(live) == ["Create", "Update"])
        assert self._let_down(live) <= 1
        groups = live.client("logs").describe_log_groups()["logGroups"]
        kept = {item["logGroupName"]: item.get("retentionInDays") for item in groups}
        assert kept == {"kept": 30, "name-two": None, "/aws/lambda/provider": None}
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

    def _asked(self, live: LiveEngine) -> list[str]:
        """What the provider was asked for, each request once however often it was handed over."""
        events = live.client("logs").filter_log_events(logGroupName="/aws/lambda/provider", filterPattern="REQUEST")
        asked = {tuple(event["message"].split("REQUEST ")[1].split()) for event in events["events"]}
        return sorted(kind for kind, _request in asked)

    def _let_down(self, live: LiveEngine) -> int:
        """How many answers of the provider found nobody: an engine that starts lets them wait."""
        events = live.client("logs").filter_log_events(logGroupName="/aws/lambda/provider", filterPattern="UNHEARD")
        return len(events["events"])

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
        "Custom": {
            "Type": "Custom::Thing",
            "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:provider", "Days": days},
        },
    }
    told = {"Custom": {"Value": {"Ref": "Custom"}}, "Days": {"Value": {"Fn::GetAtt": ["Custom", "Days"]}}}
    return json.dumps({"Resources": resources, "Outputs": told})


def test_a_stack_outlives_the_engine_at_every_essential_point(tmp_path: Path) -> None:
    Harness(tmp_path, StackScenario()).visit_apart()
