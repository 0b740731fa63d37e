"""The room as other rooms use it, in one process: what they may give and get, and what they are told."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.contract import House
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import Worker
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.guard import Guard
from mlsystem.engine.services.iam.role_book import RoleBook
from mlsystem.engine.services.kms import room as kms
from mlsystem.engine.services.s3 import room as s3
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.keys import KeyRing
from tests.live import eventually


class Scene:
    """Two rooms in a house, and the events that they emit."""

    def __init__(self, folder: DataFolder):
        self.clock = ManualClock()
        self.database = Database(folder.database, self.clock)
        self.worker = Worker(self.database, self.clock)
        scope = Scope("000000000000", "us-east-1")
        self.call = Dispatcher(self.database, scope, Guard(scope, RoleBook()))
        house = House(
            scope, self.clock, self.database, self.worker, folder, self.call, "http://127.0.0.1:4580", self.call.demand
        )
        keys = KeyRing(self.database)
        rooms = [s3.open_room(house, keys), kms.open_room(house, keys)]
        self.call.open(rooms)
        for room in rooms:
            room.register(self.worker)
        self.worker.subscribe("test", "aws.event", self._on_event)
        self.events: list[Json] = []
        for part in (part for room in rooms for part in room.parts):
            part.start()
        self.worker.start()

    def _on_event(self, tx: object, topic: str, data: Json) -> None:
        self.events.append(data)

    def s3(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.call("s3", operation, {"Bucket": "data", **request})

    def read(self, key: str, **request: Any) -> bytes:
        return bytes(self.s3("GetObject", Key=key, **request)["Body"].read())

    def close(self) -> None:
        self.worker.stop()
        self.database.close()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.prepare()
    return made


@pytest.fixture
def scene(folder: DataFolder) -> Iterator[Scene]:
    made = Scene(folder)
    made.s3("CreateBucket")
    yield made
    made.close()


def test_rooms_may_put_bytes_text_files_and_paths(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"weights" * 100_000)
    for body, data in [
        (b"bytes", b"bytes"),
        ("text é", "text é".encode()),
        (io.BytesIO(b"a file"), b"a file"),
        (path, path.read_bytes()),
    ]:
        scene.s3("PutObject", Key="k", Body=body)
        assert scene.read("k") == data
    assert path.exists()


def test_rooms_may_stream_what_they_get(scene: Scene) -> None:
    scene.s3("PutObject", Key="k", Body=b"x" * 3_000_000)
    pieces = list(scene.s3("GetObject", Key="k")["Body"].pieces())
    assert len(pieces) > 1
    assert sum(map(len, pieces)) == 3_000_000


def test_an_object_can_be_read_inside_a_transaction(scene: Scene) -> None:
    scene.s3("PutObject", Key="template.yml", Body=b"Resources: {}")
    with scene.database.transaction():
        assert scene.read("template.yml") == b"Resources: {}"


def test_reading_goes_on_while_the_object_is_overwritten_and_deleted(scene: Scene) -> None:
    scene.s3("PutObject", Key="k", Body=b"old" * 400_000)
    body = scene.s3("GetObject", Key="k")["Body"]
    scene.s3("PutObject", Key="k", Body=b"new")
    assert scene.read("k") == b"new"
    scene.s3("DeleteObject", Key="k")
    assert body.read() == b"old" * 400_000


def test_a_reader_always_sees_one_whole_object_however_often_it_is_overwritten(scene: Scene) -> None:
    bodies = [bytes([letter]) * 100_000 for letter in b"abcdefgh"]
    scene.s3("PutObject", Key="k", Body=bodies[0])
    failures: list[str] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            if scene.read("k") not in bodies:
                failures.append("torn")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(3):
        for body in bodies:
            scene.s3("PutObject", Key="k", Body=body)
    is_over.set()
    for reader in readers:
        reader.join()
    assert failures == []


def test_of_several_writers_at_once_one_creates_the_object(scene: Scene) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(6)

    def write(number: int) -> None:
        barrier.wait()
        try:
            scene.s3("PutObject", Key="lock", Body=f"{number}".encode(), IfNoneMatch="*")
            outcomes.append(f"{number}")
        except AwsError as error:
            outcomes.append(error.code)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert outcomes.count("PreconditionFailed") == 5
    assert scene.read("lock").decode() in outcomes


def test_nothing_is_left_of_bodies_that_did_not_become_objects(scene: Scene, folder: DataFolder) -> None:
    scene.s3("PutObject", Key="k", Body=b"x")
    files = set(folder.objects.glob("*/*"))
    for request in ({"IfNoneMatch": "*"}, {"ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, {"Bucket": "absent"}):
        with pytest.raises(AwsError):
            scene.s3("PutObject", **{"Key": "k", "Body": b"y", **request})
    assert set(folder.objects.glob("*/*")) == files
    assert list(folder.incoming.iterdir()) == []


def test_a_deleted_objects_file_is_gone(scene: Scene, folder: DataFolder) -> None:
    scene.s3("PutObject", Key="k", Body=b"x")
    scene.s3("DeleteObject", Key="k")
    assert list(folder.objects.glob("*/*")) == []


# ---------------------------------------------------------------------- events
def _wanted(scene: Scene) -> None:
    scene.s3("PutBucketNotificationConfiguration", NotificationConfiguration={"EventBridgeConfiguration": {}})


def test_a_created_object_is_told_to_eventbridge_in_its_shape(scene: Scene) -> None:
    _wanted(scene)
    put = scene.s3("PutObject", Key="data-source.zip", Body=b"12345")
    eventually(lambda: scene.events)
    event = scene.events[0]
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == ["arn:aws:s3:::data"]
    assert (event["account"], event["region"]) == ("000000000000", "us-east-1")
    assert event["time"] == "2023-11-14T22:13:20Z"
    detail = event["detail"]
    assert detail["bucket"] == {"name": "data"}
    assert detail["reason"] == "PutObject"
    assert detail["object"]["key"] == "data-source.zip"
    assert detail["object"]["size"] == 5
    assert detail["object"]["etag"] == put["ETag"].strip('"')
    assert "version-id" not in detail["object"]


def test_every_kind_of_change_is_told_with_its_reason(scene: Scene) -> None:
    _wanted(scene)
    scene.s3("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    version = scene.s3("PutObject", Key="k", Body=b"x")["VersionId"]
    scene.s3("CopyObject", Key="copy", CopySource="data/k")
    scene.s3("DeleteObject", Key="k")
    scene.s3("DeleteObject", Key="k", VersionId=version)
    scene.s3("PutObjectTagging", Key="copy", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    eventually(lambda: len(scene.events) == 5)
    told = [
        (event["detail-type"], event["detail"].get("reason"), event["detail"].get("deletion-type"))
        for event in scene.events
    ]
    assert told == [
        ("Object Created", "PutObject", None),
        ("Object Created", "CopyObject", None),
        ("Object Deleted", "DeleteObject", "Delete Marker Created"),
        ("Object Deleted", "DeleteObject", "Permanently Deleted"),
        ("Object Tags Added", None, None),
    ]
    assert scene.events[0]["detail"]["object"]["version-id"] == version


def test_a_bucket_that_did_not_ask_for_events_emits_none(scene: Scene) -> None:
    scene.s3("PutObject", Key="before", Body=b"x")
    _wanted(scene)
    scene.s3("PutObject", Key="after", Body=b"x")
    eventually(lambda: scene.events)
    assert [event["detail"]["object"]["key"] for event in scene.events] == ["after"]


def test_a_change_that_is_rolled_back_is_not_told(scene: Scene) -> None:
    _wanted(scene)
    scene.s3("PutObject", Key="k", Body=b"x")
    with pytest.raises(ZeroDivisionError), scene.database.transaction():
        scene.s3("DeleteObject", Key="k")
        raise ZeroDivisionError
    assert scene.read("k") == b"x"
    scene.s3("PutObject", Key="last", Body=b"x")
    eventually(lambda: len(scene.events) == 2)
    assert [event["detail"]["object"]["key"] for event in scene.events] == ["k", "last"]


# ---------------------------------------------------------------------- lifecycle
def test_the_lifecycle_runs_each_day_and_tells_what_it_removed(scene: Scene) -> None:
    _wanted(scene)
    scene.s3("PutObject", Key="old/a", Body=b"x")
    scene.s3("CreateMultipartUpload", Key="old/upload")
    rules = [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": "old/"},
            "Expiration": {"Days": 2},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]
    scene.s3("PutBucketLifecycleConfiguration", LifecycleConfiguration={"Rules": rules})
    scene.clock.advance(86_400)
    eventually(lambda: not scene.s3("ListMultipartUploads")["Uploads"])
    scene.s3("PutObject", Key="old/young", Body=b"x")
    scene.clock.advance(86_400)
    eventually(lambda: len(scene.events) == 3)
    assert [entry["Key"] for entry in scene.s3("ListObjectsV2")["Contents"]] == ["old/young"]
    removal = scene.events[-1]["detail"]
    assert (removal["object"]["key"], removal["reason"]) == ("old/a", "Lifecycle Expiration")


# ---------------------------------------------------------------------- KMS
def test_an_object_under_a_disabled_key_cannot_be_read_until_it_is_enabled(scene: Scene) -> None:
    key = scene.call("kms", "CreateKey", {})["KeyMetadata"]["KeyId"]
    scene.s3("PutObject", Key="k", Body=b"secret", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    scene.call("kms", "DisableKey", {"KeyId": key})
    with pytest.raises(AwsError, match="disabled"):
        scene.read("k")
    assert scene.s3("HeadObject", Key="k")["ContentLength"] == 6
    scene.call("kms", "EnableKey", {"KeyId": key})
    assert scene.read("k") == b"secret"


def test_rotating_a_key_leaves_old_objects_readable(scene: Scene) -> None:
    key = scene.call("kms", "CreateKey", {})["KeyMetadata"]["KeyId"]
    scene.s3("PutObject", Key="old", Body=b"old", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    scene.call("kms", "RotateKeyOnDemand", {"KeyId": key})
    eventually(lambda: scene.call("kms", "ListKeyRotations", {"KeyId": key})["Rotations"])
    scene.s3("PutObject", Key="new", Body=b"new", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert (scene.read("old"), scene.read("new")) == (b"old", b"new")


@pytest.mark.parametrize("days", [7, 30])
def test_what_a_deleted_key_encrypted_is_lost(scene: Scene, days: int) -> None:
    key = scene.call("kms", "CreateKey", {})["KeyMetadata"]["KeyId"]
    scene.call("kms", "CreateAlias", {"AliasName": "alias/data", "TargetKeyId": key})
    scene.s3("PutObject", Key="k", Body=b"secret", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/data")
    scene.call("kms", "ScheduleKeyDeletion", {"KeyId": key, "PendingWindowInDays": days})
    scene.clock.advance(days * 86_400 - 1)
    with pytest.raises(AwsError, match="pending deletion"):
        scene.read("k")
    scene.clock.advance(1)
    eventually(lambda: key not in {one["KeyId"] for one in scene.call("kms", "ListKeys", {})["Keys"]})
    with pytest.raises(AwsError, match="does not exist"):
        scene.read("k")
    names = eventually(lambda: [one["AliasName"] for one in scene.call("kms", "ListAliases", {})["Aliases"]])
    eventually(
        lambda: "alias/data" not in {one["AliasName"] for one in scene.call("kms", "ListAliases", {})["Aliases"]}
    )
    assert "alias/aws/s3" in names
