"""Tables of permissions: what the notation of AWS's reference means for a request, and what single rooms make of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Ask, Permissions, Requirement, given, on, passes
from mlsystem.engine.services.iam import permissions as iam
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.services.kms import permissions as kms
from mlsystem.engine.services.kms.alias import Alias
from mlsystem.engine.services.lambda_ import permissions as lambda_
from mlsystem.engine.services.logs import permissions as logs
from mlsystem.engine.services.s3 import permissions as s3
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database

SCOPE = Scope("000000000000", "us-east-1")
TOPIC = "arn:${Partition}:sns:${Region}:${Account}:${Name}"
FUNCTION = SCOPE.arn("lambda", "function:api")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "state.db", SystemClock(1.0))
    yield database
    database.close()


def of(database: Database, table: Permissions, operation: str, **request: Any) -> tuple[Requirement, ...]:
    with database.reading() as tx:
        return table.of(operation, request, SCOPE, tx)


def asks(database: Database, *entry: Ask, **request: Any) -> list[tuple[str, str]]:
    return [
        (found.action, found.resource) for found in of(database, Permissions("sns", {"Do": entry}), "Do", **request)
    ]


def pairs(database: Database, table: Permissions, operation: str, **request: Any) -> list[tuple[str, str]]:
    return [(found.action, found.resource) for found in of(database, table, operation, **request)]


def test_a_template_is_filled_from_the_request(database: Database) -> None:
    assert asks(database, on(TOPIC), Name="a") == [("sns:Do", SCOPE.arn("sns", "a"))]
    assert asks(database, on(TOPIC, action="Tag"), Name="a") == [("sns:Tag", SCOPE.arn("sns", "a"))]
    assert asks(database, on(ANY, action="ec2:DescribeVpcs")) == [("ec2:DescribeVpcs", ANY)]


def test_a_list_asks_for_each_of_its_items_and_an_absent_member_for_all(database: Database) -> None:
    assert [arn for _, arn in asks(database, on(TOPIC), Name=["a", "b"])] == [
        SCOPE.arn("sns", "a"),
        SCOPE.arn("sns", "b"),
    ]
    assert [arn for _, arn in asks(database, on(TOPIC))] == [SCOPE.arn("sns", ANY)]


def test_a_member_is_found_inside_of_others_and_in_lists(database: Database) -> None:
    entry = on("${Rules.Target.Arn}")
    rules = [{"Target": {"Arn": "arn:1"}}, {"Target": {}}, {"Target": {"Arn": "arn:2"}}]
    assert [arn for _, arn in asks(database, entry, Rules=rules)] == ["arn:1", "arn:2"]


def test_a_name_that_looks_like_an_arn_is_a_name(database: Database) -> None:
    """Else a key such as `arn:aws:s3:::mine/a` would be written wherever the bucket is."""
    found = of(database, s3.PERMISSIONS, "PutObject", Bucket="theirs", Key="arn:aws:s3:::mine/a")
    assert [requirement.resource for requirement in found] == ["arn:aws:s3:::theirs/arn:aws:s3:::mine/a"]


def test_what_is_asked_of_a_given_member_is_asked_only_then(database: Database) -> None:
    entry = (on(TOPIC), given("Tags", on(TOPIC, action="TagResource")))
    assert [action for action, _ in asks(database, *entry, Name="a")] == ["sns:Do"]
    assert [action for action, _ in asks(database, *entry, Name="a", Tags=[])] == ["sns:Do"]
    tags = [{"Key": "team", "Value": "ml"}]
    assert [action for action, _ in asks(database, *entry, Name="a", Tags=tags)] == ["sns:Do", "sns:TagResource"]


def test_a_role_is_passed_to_a_service(database: Database) -> None:
    table = Permissions("sns", {"Do": [passes("Target.RoleArn", "scheduler.amazonaws.com")]})
    role = "arn:aws:iam::000000000000:role/start"
    (found,) = of(database, table, "Do", Target={"RoleArn": role})
    assert found == Requirement("iam:PassRole", role, {"iam:passedtoservice": ("scheduler.amazonaws.com",)})
    assert of(database, table, "Do", Target={}) == ()


def test_keys_of_conditions_are_read_from_members_and_absent_where_they_are(database: Database) -> None:
    found = of(database, s3.PERMISSIONS, "ListObjectsV2", Bucket="data", Prefix="runs/")
    assert found == (Requirement("s3:ListBucket", "arn:aws:s3:::data", {"s3:prefix": ("runs/",)}),)


def test_another_action_guards_old_versions(database: Database) -> None:
    arn = "arn:aws:s3:::data/a.csv"
    assert pairs(database, s3.PERMISSIONS, "GetObject", Bucket="data", Key="a.csv") == [("s3:GetObject", arn)]
    found = pairs(database, s3.PERMISSIONS, "GetObject", Bucket="data", Key="a.csv", VersionId="1")
    assert found == [("s3:GetObjectVersion", arn)]


def test_a_copy_reads_its_source(database: Database) -> None:
    request = {"Bucket": "mine", "Key": "b", "CopySource": "theirs/folder/a%20b"}
    assert pairs(database, s3.PERMISSIONS, "CopyObject", **request) == [
        ("s3:PutObject", "arn:aws:s3:::mine/b"),
        ("s3:GetObject", "arn:aws:s3:::theirs/folder/a b"),
    ]


def test_a_function_is_invoked_by_its_qualified_name_and_changed_by_its_own(database: Database) -> None:
    for name, qualifier in ((f"{FUNCTION}:live", {}), ("api:live", {}), ("api", {"Qualifier": "live"})):
        found = pairs(database, lambda_.PERMISSIONS, "Invoke", FunctionName=name, **qualifier)
        assert found == [("lambda:InvokeFunction", f"{FUNCTION}:live")]
    found = pairs(database, lambda_.PERMISSIONS, "GetAlias", FunctionName=FUNCTION, Name="live")
    assert found == [("lambda:GetAlias", FUNCTION)]


def test_a_function_of_an_image_reads_the_image(database: Database) -> None:
    uri = f"000000000000.dkr.ecr.us-east-1.amazonaws.com/team/api@sha256:{'0' * 64}"
    found = pairs(database, lambda_.PERMISSIONS, "UpdateFunctionCode", FunctionName="api", ImageUri=uri)
    assert ("ecr:BatchGetImage", SCOPE.arn("ecr", "repository/team/api")) in found


def test_a_key_is_found_by_each_of_its_names(database: Database) -> None:
    arn = SCOPE.arn("kms", "key/1234")
    with database.transaction() as tx:
        tx.add(Alias(key="alias/data", parent="1234", arn=SCOPE.arn("kms", "alias/data")))
    for name in ("1234", arn, "alias/data", SCOPE.arn("kms", "alias/data")):
        assert pairs(database, kms.PERMISSIONS, "Encrypt", KeyId=name) == [("kms:Encrypt", arn)]


def test_the_arn_of_a_role_has_its_path(database: Database) -> None:
    arn = SCOPE.global_arn("iam", "role/team/trainer")
    with database.transaction() as tx:
        tx.add(Role(key="trainer", arn=arn, role_id="AROA", path="/team/", trust="{}"))
    assert pairs(database, iam.PERMISSIONS, "GetRole", RoleName="trainer") == [("iam:GetRole", arn)]


def test_a_group_of_logs_ends_with_its_streams(database: Database) -> None:
    """So that a policy which names the group with `:*` behind it means the group as well."""
    group = SCOPE.arn("logs", "log-group:/aws/lambda/api:log-stream:")
    assert pairs(database, logs.PERMISSIONS, "CreateLogGroup", logGroupName="/aws/lambda/api") == [
        ("logs:CreateLogGroup", group)
    ]
    request = {"logGroupName": "/aws/lambda/api", "logStreamName": "1"}
    assert pairs(database, logs.PERMISSIONS, "CreateLogStream", **request) == [("logs:CreateLogStream", f"{group}1")]
    found = pairs(
        database,
        logs.PERMISSIONS,
        "FilterLogEvents",
        logGroupIdentifier=SCOPE.arn("logs", "log-group:/aws/lambda/api"),
    )
    assert found == [("logs:FilterLogEvents", group)]
