"""Who may do what: rooms in a house behind the guard, asked as different principals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.worker import Worker
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.guard import Guard
from mlsystem.engine.services.events import room as events
from mlsystem.engine.services.iam import room as iam
from mlsystem.engine.services.iam.role_book import RoleBook
from mlsystem.engine.services.kms import room as kms
from mlsystem.engine.services.s3 import room as s3
from mlsystem.engine.services.sns import room as sns
from mlsystem.engine.services.sts import room as sts
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.keys import KeyRing

ACCOUNT = "000000000000"
SCOPE = Scope(ACCOUNT, "us-east-1")
ROOT = Principal(SCOPE.global_arn("iam", "root"), ACCOUNT)
TOPIC = SCOPE.arn("sns", "alerts")
TRUST: Mapping[str, Any] = {"Effect": "Allow", "Principal": {"AWS": ROOT.arn}, "Action": "sts:AssumeRole"}


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*", **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **members}


class Town:
    """Rooms of which some have policies of their own, and one role, `worker`."""

    def __init__(self, folder: DataFolder):
        clock = ManualClock()
        self.database = Database(folder.database, clock)
        self.worker = Worker(self.database, clock)
        self.call = Dispatcher(self.database, SCOPE, Guard(SCOPE, RoleBook()))
        url = "http://127.0.0.1:4580"
        self.house = House(SCOPE, clock, self.database, self.worker, folder, self.call, url, self.call.demand)
        keys = KeyRing(self.database)
        rooms = [
            iam.open_room(self.house),
            s3.open_room(self.house, keys),
            kms.open_room(self.house, keys),
            sns.open_room(self.house),
            sts.open_room(self.house, keys),
            events.open_room(self.house),
        ]
        self.call.open(rooms)
        for room in rooms:
            room.register(self.worker)
            for part in room.parts:
                part.start()
        self.call("s3", "CreateBucket", {"Bucket": "data"})
        self.call("s3", "PutObject", {"Bucket": "data", "Key": "a.csv", "Body": b"1"})
        self.call("sns", "CreateTopic", {"Name": "alerts"})
        self.arn = self.role("worker")
        self.session = self.house.session_of(self.arn, "s")

    def role(self, name: str, *trust: Mapping[str, Any]) -> str:
        request = {"RoleName": name, "AssumeRolePolicyDocument": document(*(trust or (TRUST,)))}
        return str(self.call("iam", "CreateRole", request)["Role"]["Arn"])

    def may(self, *statements: Mapping[str, Any], name: str = "worker") -> None:
        """Replaces what the role may do."""
        request = {"RoleName": name, "PolicyName": "p", "PolicyDocument": document(*statements)}
        self.call("iam", "PutRolePolicy", request)

    def asked(self, service: str, operation: str, principal: Principal | None = None, **request: Any) -> dict[str, Any]:
        return self.call(service, operation, request, principal or self.session)

    def refused(self, service: str, operation: str, principal: Principal | None = None, **request: Any) -> AwsError:
        with pytest.raises(AwsError) as error:
            self.asked(service, operation, principal, **request)
        return error.value

    def read(self, principal: Principal | None = None) -> bytes:
        return bytes(self.asked("s3", "GetObject", principal, Bucket="data", Key="a.csv")["Body"].read())

    def close(self) -> None:
        self.database.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    made = Town(folder)
    yield made
    made.close()


def test_who_may_not_is_told_in_aws_s_words_and_by_which_statement_they_could(town: Town) -> None:
    error = town.refused("s3", "GetObject", Bucket="data", Key="a.csv")
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == (
        f"User: {town.session.arn} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::data/a.csv"
        " because no identity-based policy allows the s3:GetObject action. This would allow it: "
        '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/a.csv"}'
    )
    town.may(json.loads(error.message.partition("would allow it: ")[2]))
    assert town.read() == b"1"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code", "status"),
    [
        ("sns", "Publish", {"TopicArn": TOPIC, "Message": "m"}, "AuthorizationError", 403),
        ("iam", "ListRoles", {}, "AccessDenied", 403),
        ("kms", "ListKeys", {}, "AccessDeniedException", 400),
        ("events", "ListRules", {}, "AccessDeniedException", 400),
    ],
)
def test_each_service_has_its_own_code_for_it(
    town: Town, service: str, operation: str, request_: dict[str, Any], code: str, status: int
) -> None:
    error = town.refused(service, operation, **request_)
    assert (error.code, error.status) == (code, status)


def test_a_change_of_a_role_counts_at_once(town: Town) -> None:
    town.may(allow("s3:*"))
    assert town.read() == b"1"
    town.may(allow("s3:ListBucket"))
    assert town.refused("s3", "GetObject", Bucket="data", Key="a.csv").code == "AccessDenied"
    town.call(
        "iam", "AttachRolePolicy", {"RoleName": "worker", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    )
    assert town.read() == b"1"
    town.call(
        "iam", "DetachRolePolicy", {"RoleName": "worker", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    )
    town.call("iam", "DeleteRolePolicy", {"RoleName": "worker", "PolicyName": "p"})
    town.call("iam", "DeleteRole", {"RoleName": "worker"})
    assert "there is no role worker" in town.refused("s3", "GetObject", Bucket="data", Key="a.csv").message


def test_a_change_that_is_not_committed_counts_for_who_makes_it_only(town: Town) -> None:
    with pytest.raises(RuntimeError), town.database.transaction():
        town.may(allow("s3:*"))
        assert town.read() == b"1"
        raise RuntimeError
    assert town.refused("s3", "GetObject", Bucket="data", Key="a.csv").code == "AccessDenied"


def test_a_managed_policy_that_nobody_here_can_read_is_refused_by_name(town: Town) -> None:
    with pytest.raises(AwsError, match=r"AmazonFlightsFullAccess.*AdministratorAccess") as error:
        arn = "arn:aws:iam::aws:policy/AmazonFlightsFullAccess"
        town.call("iam", "AttachRolePolicy", {"RoleName": "worker", "PolicyArn": arn})
    assert error.value.code == "NotImplemented"


def test_a_deny_of_a_bucket_binds_the_account_s_root_too(town: Town) -> None:
    assert town.read(ROOT) == b"1"
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
        "Sid": "No",
    }
    town.call("s3", "PutBucketPolicy", {"Bucket": "data", "Policy": document(deny)})
    error = town.refused("s3", "GetObject", ROOT, Bucket="data", Key="a.csv")
    assert "with an explicit deny in a resource-based policy: statement No of policy of data" in error.message
    assert bytes(town.call("s3", "GetObject", {"Bucket": "data", "Key": "a.csv"})["Body"].read()) == b"1"


def test_a_bucket_s_policy_may_let_a_role_in(town: Town) -> None:
    statement = allow("s3:GetObject", "arn:aws:s3:::data/*", Principal={"AWS": town.arn})
    town.call("s3", "PutBucketPolicy", {"Bucket": "data", "Policy": document(statement)})
    assert town.read() == b"1"


def test_what_comes_to_this_machine_s_door_counts_as_safe_transport(town: Town) -> None:
    town.may(allow("s3:*"))
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    statement = {**allow("s3:*", "arn:aws:s3:::data/*"), "Effect": "Deny", "Principal": "*", "Condition": plain}
    town.call("s3", "PutBucketPolicy", {"Bucket": "data", "Policy": document(statement)})
    assert town.read() == b"1"


def test_that_there_is_no_such_object_is_told_to_who_may_list_the_bucket(town: Town) -> None:
    town.may(allow("s3:GetObject"))
    assert town.refused("s3", "HeadObject", Bucket="data", Key="none").code == "AccessDenied"
    town.may(allow(["s3:GetObject", "s3:ListBucket"]))
    assert town.refused("s3", "GetObject", Bucket="data", Key="none").code == "NoSuchKey"


# ---------------------------------------------------------------------- keys
def test_a_key_of_which_the_account_decides_is_used_by_who_may(town: Town) -> None:
    key = town.call("kms", "CreateKey", {})["KeyMetadata"]["Arn"]
    assert town.refused("kms", "GenerateDataKey", KeyId=key, KeySpec="AES_256").code == "AccessDeniedException"
    town.may(allow("kms:GenerateDataKey", key))
    town.asked("kms", "GenerateDataKey", KeyId=key, KeySpec="AES_256")


def test_a_key_whose_policy_is_silent_of_the_account_is_used_by_who_it_names_only(town: Town) -> None:
    statement = allow("kms:*", Principal={"AWS": town.arn})
    key = town.call("kms", "CreateKey", {"Policy": document(statement)})["KeyMetadata"]["Arn"]
    town.asked("kms", "GenerateDataKey", KeyId=key, KeySpec="AES_256")
    other = town.house.session_of(town.role("other"), "s")
    town.may(allow("kms:*"), name="other")
    assert town.refused("kms", "GenerateDataKey", other, KeyId=key, KeySpec="AES_256").code == "AccessDeniedException"
    assert town.refused("kms", "DescribeKey", ROOT, KeyId=key).code == "AccessDeniedException"


def test_an_encrypted_object_asks_for_its_key(town: Town) -> None:
    key = town.call("kms", "CreateKey", {})["KeyMetadata"]["Arn"]
    town.may(allow("s3:*"))
    put: dict[str, Any] = {"Bucket": "data", "Key": "b", "Body": b"2", "ServerSideEncryption": "aws:kms"}
    assert "kms:GenerateDataKey" in town.refused("s3", "PutObject", **put, SSEKMSKeyId=key).message
    # A key that AWS manages is for everybody who comes through its service, and for nobody else.
    town.asked("s3", "PutObject", **put)
    assert "kms:Encrypt" in town.refused("kms", "Encrypt", KeyId="alias/aws/s3", Plaintext=b"x").message
    only_by_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    town.may(allow("s3:*"), allow(["kms:GenerateDataKey", "kms:Decrypt"], key, Condition=only_by_s3))
    town.asked("s3", "PutObject", **put, SSEKMSKeyId=key)
    assert town.asked("s3", "GetObject", Bucket="data", Key="b")["Body"].read() == b"2"
    assert town.refused("kms", "GenerateDataKey", KeyId=key, KeySpec="AES_256").code == "AccessDeniedException"


# ---------------------------------------------------------------------- services
def test_a_service_publishes_where_the_topic_s_policy_says_so(town: Town) -> None:
    message: dict[str, Any] = {"TopicArn": TOPIC, "Message": "m"}
    # The policy of a new topic lets in what is for the account, which CloudWatch tells of its alarms, and EventBridge does not.
    town.asked("sns", "Publish", town.house.service("cloudwatch", SCOPE.arn("cloudwatch", "alarm:a")), **message)
    rule = town.house.service("events", SCOPE.arn("events", "rule/r"))
    error = town.refused("sns", "Publish", rule, **message)
    assert "because no resource-based policy allows the sns:Publish action" in error.message
    assert '"Principal": {"Service": "events.amazonaws.com"}' in error.message
    for condition, is_met in (
        ({"ArnEquals": {"aws:SourceArn": SCOPE.arn("events", "rule/r")}}, True),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ({"ArnEquals": {"aws:SourceArn": SCOPE.arn("events", "rule/other")}}, False),
    ):
        statement = allow("sns:Publish", TOPIC, Principal={"Service": "events.amazonaws.com"}, Condition=condition)
        policy = {"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": document(statement)}
        town.call("sns", "SetTopicAttributes", policy)
        if is_met:
            town.asked("sns", "Publish", rule, **message)
        else:
            town.refused("sns", "Publish", rule, **message)


def test_an_encrypted_topic_asks_a_service_for_its_key(town: Town) -> None:
    alarm = town.house.service("cloudwatch", SCOPE.arn("cloudwatch", "alarm:a"))
    key = town.call("kms", "CreateKey", {})["KeyMetadata"]["Arn"]
    attributes = {"TopicArn": TOPIC, "AttributeName": "KmsMasterKeyId", "AttributeValue": key}
    town.call("sns", "SetTopicAttributes", attributes)
    assert town.refused("sns", "Publish", alarm, TopicArn=TOPIC, Message="m").code == "KMSAccessDenied"
    uses = ["kms:Decrypt", "kms:GenerateDataKey*"]
    statement = allow(uses, Principal={"Service": "cloudwatch.amazonaws.com"})
    town.call("kms", "PutKeyPolicy", {"KeyId": key, "Policy": document(statement)})
    town.asked("sns", "Publish", alarm, TopicArn=TOPIC, Message="m")


# ---------------------------------------------------------------------- roles
def test_a_role_is_handed_over_by_who_may_to_a_service_that_it_trusts(town: Town) -> None:
    start = town.role("start")
    town.call("events", "PutRule", {"Name": "r", "ScheduleExpression": "rate(1 day)"})
    machine = SCOPE.arn("states", "stateMachine:m")
    request: dict[str, Any] = {"Rule": "r", "Targets": [{"Id": "1", "Arn": machine, "RoleArn": start}]}
    town.may(allow("events:PutTargets"))
    error = town.refused("events", "PutTargets", **request)
    assert "iam:PassRole" in error.message
    assert '"Condition": {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}' in error.message
    town.may(
        allow("events:PutTargets"),
        allow("iam:PassRole", start, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}),
    )
    assert "iam:PassRole" in town.refused("events", "PutTargets", **request).message
    town.may(allow("events:PutTargets"), json.loads(error.message.partition("would allow it: ")[2]))
    refused = town.refused("events", "PutTargets", **request)
    assert f"Provided role '{start}' cannot be assumed by principal 'events.amazonaws.com'" in refused.message
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    town.call("iam", "UpdateAssumeRolePolicy", {"RoleName": "start", "PolicyDocument": document(trust)})
    town.asked("events", "PutTargets", **request)


def test_a_service_acts_in_a_role_while_the_role_trusts_it(town: Town) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    workflow = town.role("workflow", trust)
    town.may(allow("s3:GetObject"), name="workflow")
    acting = town.house.session_of(workflow, "run", "states")
    assert town.read(acting) == b"1"
    nobody = {**trust, "Principal": {"Service": "lambda.amazonaws.com"}}
    town.call("iam", "UpdateAssumeRolePolicy", {"RoleName": "workflow", "PolicyDocument": document(nobody)})
    error = town.refused("s3", "GetObject", acting, Bucket="data", Key="a.csv")
    assert f"the regional one is authorized to assume the provided role {workflow}" in error.message
    assert '"Principal": {"Service": "states.amazonaws.com"}' in error.message
    # Keys that a program has of the role already count on.
    assert town.read(town.house.session_of(workflow, "program")) == b"1"


def test_a_role_that_does_not_exist_is_handed_over_by_nobody(town: Town) -> None:
    town.call("events", "PutRule", {"Name": "r", "ScheduleExpression": "rate(1 day)"})
    target = {"Id": "1", "Arn": SCOPE.arn("states", "stateMachine:m"), "RoleArn": SCOPE.global_arn("iam", "role/none")}
    assert "cannot be assumed" in town.refused("events", "PutTargets", ROOT, Rule="r", Targets=[target]).message


def test_a_role_is_assumed_by_who_its_trust_lets(town: Town) -> None:
    assume: dict[str, Any] = {"RoleSessionName": "s2"}
    town.may(allow("sts:AssumeRole"))
    # Its trust leaves it to the account, whose policies let this role do so.
    town.asked("sts", "AssumeRole", RoleArn=town.role("for-all"), **assume)
    trust = {"Effect": "Allow", "Principal": {"AWS": ROOT.arn}, "Action": "sts:AssumeRole"}
    other = town.role("for-lambda", {**trust, "Principal": {"Service": "lambda.amazonaws.com"}})
    assert town.refused("sts", "AssumeRole", RoleArn=other, **assume).code == "AccessDenied"
    assert town.refused("sts", "AssumeRole", ROOT, RoleArn=other, **assume).code == "AccessDenied"
    none = SCOPE.global_arn("iam", "role/none")
    assert town.refused("sts", "AssumeRole", ROOT, RoleArn=none, **assume).code == "AccessDenied"
    town.may()
    own = town.role("for-worker", {**trust, "Principal": {"AWS": town.arn}})
    town.asked("sts", "AssumeRole", RoleArn=own, **assume)


def test_everybody_may_ask_who_they_are(town: Town) -> None:
    town.may({**allow("*"), "Effect": "Deny"})
    assert town.asked("sts", "GetCallerIdentity")["Arn"] == town.session.arn


def test_a_variable_of_a_policy_is_the_role_s(town: Town) -> None:
    town.may(allow("s3:GetObject", "arn:aws:s3:::data/*", Condition={"ArnEquals": {"aws:PrincipalArn": town.arn}}))
    assert town.read() == b"1"
