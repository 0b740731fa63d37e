"""File systems, their mount targets and access points."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine, eventually
from tests.shares import make_mount_target, make_share


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_access_point_is_a_folder_of_its_file_system(engine: LiveEngine) -> None:
    share = make_share(engine, "/assets/models")
    efs = engine.client("efs")
    point = efs.describe_access_points(AccessPointId=share.access_point)["AccessPoints"][0]
    assert point["RootDirectory"]["Path"] == "/assets/models"
    assert point["PosixUser"] == {"Uid": 1000, "Gid": 1000}
    assert point["FileSystemId"] == share.file_system
    eventually((engine.folder / "shares" / share.file_system / "assets" / "models").is_dir)
    assert efs.describe_file_systems(FileSystemId=share.file_system)["FileSystems"][0]["NumberOfMountTargets"] == 1


def test_a_creation_token_makes_one_file_system(engine: LiveEngine) -> None:
    efs = engine.client("efs")
    token = uuid.uuid4().hex
    first = efs.create_file_system(CreationToken=token)["FileSystemId"]
    with pytest.raises(efs.exceptions.FileSystemAlreadyExists) as error:
        efs.create_file_system(CreationToken=token)
    assert error.value.response["FileSystemId"] == first
    assert efs.describe_file_systems(CreationToken=token)["FileSystems"][0]["FileSystemId"] == first


def test_a_zone_has_one_mount_target(engine: LiveEngine) -> None:
    share = make_share(engine)
    with pytest.raises(ClientError) as error:
        engine.client("efs").create_mount_target(FileSystemId=share.file_system, SubnetId=share.subnet)
    assert _code(error) == "MountTargetConflict"


def test_a_mount_target_needs_a_subnet_that_exists(engine: LiveEngine) -> None:
    share = make_share(engine)
    with pytest.raises(ClientError) as error:
        engine.client("efs").create_mount_target(FileSystemId=share.file_system, SubnetId="subnet-00000000000000000")
    assert _code(error) == "SubnetNotFound"


def test_a_file_system_goes_after_its_mount_targets(engine: LiveEngine) -> None:
    share = make_share(engine)
    efs = engine.client("efs")
    with pytest.raises(ClientError) as error:
        efs.delete_file_system(FileSystemId=share.file_system)
    assert _code(error) == "FileSystemInUse"
    efs.delete_mount_target(MountTargetId=share.mount_target)
    eventually(lambda: not efs.describe_mount_targets(FileSystemId=share.file_system)["MountTargets"])
    efs.delete_file_system(FileSystemId=share.file_system)
    eventually(lambda: not (engine.folder / "shares" / share.file_system).exists())
    eventually(lambda: share.file_system not in json.dumps(efs.describe_file_systems(), default=str))
    with pytest.raises(ClientError) as error:
        efs.describe_file_systems(FileSystemId=share.file_system)
    assert _code(error) == "FileSystemNotFound"


def test_policies_and_tags_are_kept(engine: LiveEngine) -> None:
    efs = engine.client("efs")
    made = efs.create_file_system(CreationToken=uuid.uuid4().hex, Tags=[{"Key": "Name", "Value": "assets"}])
    assert made["Name"] == "assets"
    key = made["FileSystemId"]
    efs.put_backup_policy(FileSystemId=key, BackupPolicy={"Status": "ENABLED"})
    assert efs.describe_backup_policy(FileSystemId=key)["BackupPolicy"]["Status"] == "ENABLED"
    with pytest.raises(ClientError) as error:
        efs.describe_file_system_policy(FileSystemId=key)
    assert _code(error) == "PolicyNotFound"
    efs.put_file_system_policy(FileSystemId=key, Policy='{"Version": "2012-10-17", "Statement": []}')
    assert json.loads(efs.describe_file_system_policy(FileSystemId=key)["Policy"])["Statement"] == []
    rules = [{"TransitionToIA": "AFTER_30_DAYS"}]
    efs.put_lifecycle_configuration(FileSystemId=key, LifecyclePolicies=rules)
    assert efs.describe_lifecycle_configuration(FileSystemId=key)["LifecyclePolicies"] == rules
    efs.tag_resource(ResourceId=key, Tags=[{"Key": "Team", "Value": "ml"}])
    efs.untag_resource(ResourceId=key, TagKeys=["Name"])
    assert efs.list_tags_for_resource(ResourceId=key)["Tags"] == [{"Key": "Team", "Value": "ml"}]


def test_what_was_begun_when_the_engine_died_is_finished(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start({"MLSYSTEM_KILL_AT": "efs.file_system.prepare.before"})
    with suppress(ClientError):  # the answer may not get out
        live.client("efs").create_file_system(CreationToken="once")
    live.await_death()
    live.start()
    efs = live.client("efs")
    [key] = [found["FileSystemId"] for found in efs.describe_file_systems(CreationToken="once")["FileSystems"]]
    eventually(lambda: efs.describe_file_systems(FileSystemId=key)["FileSystems"][0]["LifeCycleState"] == "available")
    ec2 = live.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.0.0/20")["Subnet"]["SubnetId"]
    assert make_mount_target(live, key, subnet).startswith("fsmt-")
