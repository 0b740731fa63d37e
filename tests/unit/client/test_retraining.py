"""What was decided about training anew, as the records have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any, cast

import pytest
from botocore.stub import ANY
from rich.console import Console

from mlsystem.cli.picture import decision_table
from mlsystem.client.errors import NotFound
from mlsystem.client.retraining import Retraining
from tests.aws.clients import ScriptedClient, body, scripted

RECORD = {
    "Id": "e-1",
    "Time": "2026-11-24T10:00:00+00:00",
    "Trigger": "drift",
    "Endpoint": "",
    "Decision": "refused",
    "Reason": "labels missing: 3 labelled rows",
    "Captured": 30,
    "Told": True,
}


class Clients:
    """A connection with scripted clients."""

    target, home = "local", "~"

    def __init__(self, **clients: ScriptedClient) -> None:
        self._clients = clients

    def client(self, service: str) -> Any:
        return self._clients[service].client


class Named:
    pipeline = "mls-demo"


def retraining(**clients: ScriptedClient) -> Retraining:
    connection: Any = Clients(**clients)
    project: Any = Named()
    return Retraining(connection, project)


def test_the_newest_decisions_come_first_with_their_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlsystem.client.retraining.PARALLEL", 1)  # a scripted client expects its calls in order
    with scripted("s3") as s3, scripted("codepipeline") as codepipeline:
        store = {"type": "S3", "location": "artifacts"}
        pipeline = {
            "name": "mls-demo",
            "roleArn": "arn:aws:iam::123456789012:role/r",
            "stages": [],
            "artifactStore": store,
        }
        codepipeline.answers("get_pipeline", {"pipeline": pipeline}, {"name": "mls-demo"})
        keys = [f"mls-demo/retraining/decisions/2026-11-2{day}.json" for day in (2, 3, 4)]
        asked = {"Bucket": "artifacts", "Prefix": "mls-demo/retraining/decisions/", "StartAfter": ANY}
        listed = {"Contents": [{"Key": key} for key in keys], "IsTruncated": False}
        s3.answers("list_objects_v2", listed, asked)
        for key in (keys[2], keys[1]):
            content = json.dumps({**RECORD, "Id": key}).encode()
            s3.answers(
                "get_object",
                {"Body": body(content), "ContentLength": len(content)},
                {"Bucket": "artifacts", "Key": key},
            )
        newest, older = retraining(s3=s3, codepipeline=codepipeline).decisions(2)
    assert (newest.time, newest.trigger, newest.decision) == (
        datetime(2026, 11, 24, 10, tzinfo=UTC),
        "drift",
        "refused",
    )
    assert newest.details == {"Id": keys[2], "Captured": 30}
    assert older.details["Id"] == keys[1]
    out = StringIO()
    Console(file=out, width=160).print(decision_table([newest]))
    assert "labels missing: 3 labelled rows" in out.getvalue()


class Bucket:
    """S3 with records of these days of November 2026, and CodePipeline, which names the bucket."""

    target, home = "local", "~"

    def __init__(self, days: list[int], at_once: int = 1000):
        self.at_once = at_once
        self.keys = [f"mls-demo/retraining/decisions/2026-11-{day:02}T10-00-00Z-{day}.json" for day in days]
        self.begun_at: list[str] = []

    def client(self, _service: str) -> Bucket:
        return self

    def get_pipeline(self, **_: object) -> dict[str, Any]:
        return {"pipeline": {"artifactStore": {"location": "artifacts"}}}

    def get_paginator(self, _name: str) -> Bucket:
        return self

    def paginate(self, StartAfter: str = "", **_: object) -> Iterator[dict[str, Any]]:
        self.begun_at.append(StartAfter)
        left = [{"Key": key} for key in self.keys if key > StartAfter]
        while True:
            page, left = left[: self.at_once], left[self.at_once :]
            yield {"Contents": page, "IsTruncated": bool(left)}
            if not left:
                return

    def get_object(self, Key: str, **_: object) -> dict[str, Any]:
        content = json.dumps({**RECORD, "Id": Key.rpartition("-")[2].removesuffix(".json")}).encode()
        return {"Body": body(content), "ContentLength": len(content)}


@pytest.mark.parametrize(
    ("at_once", "begun"),
    [(1000, ["2026-11-22T00-00-00", ""]), (2, ["2026-11-22T00-00-00", "", "2026-11-10T00-00-00"])],
    ids=["few", "many"],
)
def test_page_by_page_the_newest_decisions_come_first_and_only_their_time_is_listed(
    at_once: int, begun: list[str]
) -> None:
    """Where the last days have too few: all, if one answer tells them, else longer and longer spans."""
    bucket, project = Bucket([1, 2, 20, 21, 22, 23], at_once), Named()
    asked = Retraining(cast(Any, bucket), cast(Any, project))
    first, token = asked.page("2026-11-24T00-00-00Z", 3)
    assert [one.details["Id"] for one in first] == ["23", "22", "21"]
    assert bucket.begun_at == [f"mls-demo/retraining/decisions/{at}" if at else "" for at in begun]
    second, token = asked.page(token, 3)
    assert ([one.details["Id"] for one in second], token) == (["20", "2", "1"], "")
    assert bucket.begun_at[-1] == ""


def test_before_there_is_a_pipeline_it_says_how_one_is_made() -> None:
    with scripted("s3") as s3, scripted("codepipeline") as codepipeline:
        codepipeline.fails("get_pipeline", "PipelineNotFoundException")
        with pytest.raises(NotFound, match="there is no pipeline mls-demo: `mlsystem deploy` makes it"):
            retraining(s3=s3, codepipeline=codepipeline).decisions(20)
