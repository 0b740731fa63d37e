"""The audit trail: who asked for what, what services did for them, and which statements allowed it."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.audit_chain import TRAIL
from mlsystem.client.audit import Wanted, records, verify
from mlsystem.client.audit import person as person_of
from mlsystem.client.connection import Connection
from mlsystem.console.answer import for_person
from mlsystem.console.security.people import Person, Role
from mlsystem.console.visit import Visit
from tests.command_line import run
from tests.live import LiveEngine, eventually
from tests.roles import limited_role, session


def _lines(engine: LiveEngine, role: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in (engine.folder / "audit.jsonl").read_text().splitlines())
    return [line for line in lines if f":assumed-role/{role}/" in line["userIdentity"].get("arn", "")]


def test_what_a_service_does_for_a_principal_is_written_down_with_the_statements_that_allow_it(
    engine: LiveEngine,
) -> None:
    name = f"audited-{uuid.uuid4().hex[:8]}"
    key = engine.client("kms").create_key()["KeyMetadata"]["Arn"]
    engine.client("s3").create_bucket(Bucket=name)
    objects = f"arn:aws:s3:::{name}/*"
    role = limited_role(
        engine,
        name,
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
        {"Sid": "Write", "Effect": "Allow", "Action": "s3:Put*", "Resource": objects},
        {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key},
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    )
    s3 = session(engine, role, "s3")
    s3.put_object(Bucket=name, Key="a", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    with pytest.raises(ClientError):
        s3.delete_object(Bucket=name, Key="a")
    inner, put, deleted = eventually(lambda: lines if len(lines := _lines(engine, name)) == 3 else None)
    policy = f"policy limited of role {name}"
    added = inner["additionalEventData"]
    assert (inner["eventSource"], inner["eventName"], added["inner"]) == ("kms.amazonaws.com", "GenerateDataKey", True)
    assert added["allowed"] == [{"action": "kms:GenerateDataKey", "resource": key, "by": [[policy, 2], [policy, 3]]}]
    assert inner["userIdentity"]["invokedBy"] == "s3.amazonaws.com"
    added = put["additionalEventData"]
    assert (put["eventSource"], put["eventName"], added["inner"]) == ("s3.amazonaws.com", "PutObject", False)
    assert added["status"] == 200
    socket.create_server(
        (put["sourceIPAddress"], 0)
    ).close()  # an address of this machine: others cannot be listened at
    assert put["userIdentity"]["accessKeyId"].startswith("ASIA")
    [asked] = added["allowed"]
    assert (asked["action"], asked["resource"], asked["by"]) == (
        "s3:PutObject",
        f"arn:aws:s3:::{name}/a",
        [[policy, "Write"]],
    )
    added = deleted["additionalEventData"]
    assert (added["status"], deleted["errorCode"], "allowed" in added) == (403, "AccessDenied", False)
    assert deleted["requestParameters"] == {"bucket": name, "key": "a"}


def test_an_identifier_of_a_request_leads_from_the_client_to_its_record(engine: LiveEngine) -> None:
    answer = engine.client("sts").get_caller_identity()
    wanted = answer["ResponseMetadata"]["RequestId"]
    lines = [json.loads(line) for line in (engine.folder / "audit.jsonl").read_text().splitlines()]
    [line] = [line for line in lines if line.get("requestID") == wanted]
    assert (line["eventName"], line["userIdentity"]["type"]) == ("GetCallerIdentity", "Root")
    assert line["userIdentity"]["accessKeyId"] == engine.credentials()["access_key_id"]


def test_who_could_not_be_recognized_is_written_down_with_the_key_that_was_claimed(engine: LiveEngine) -> None:
    sts = engine.client("sts", key="AKIANOBODY", secret="x")
    with pytest.raises(ClientError):
        sts.get_caller_identity()
    lines = [json.loads(line) for line in (engine.folder / "audit.jsonl").read_text().splitlines()]
    [line] = [line for line in lines if line["userIdentity"].get("accessKeyId") == "AKIANOBODY"]
    assert line["userIdentity"]["type"] == "Unknown"
    assert (line["errorCode"], line["additionalEventData"]["status"]) == ("InvalidClientTokenId", 403)


def test_what_the_console_does_names_the_person_that_it_is_for(engine: LiveEngine) -> None:
    connection, person = Connection("local", engine.folder), Person("Véra (of 2)", Role.ADMIN)
    visit = Visit(connection, (), person, {}, {}, {}, {}, datetime.now(UTC))
    asked = connection.client("sns").list_topics()["ResponseMetadata"]["RequestId"]
    told = for_person(lambda visit: visit.connection.client("sns").list_topics(), visit)["ResponseMetadata"][
        "RequestId"
    ]
    lines = [json.loads(line) for line in (engine.folder / "audit.jsonl").read_text().splitlines()]
    agents = {line.get("requestID"): line["userAgent"] for line in lines}
    assert agents[told] == f"{agents[asked]} person/V%C3%A9ra%20%28of%202%29"
    found = list(records(engine.folder, Wanted(who="Véra (of 2)")))
    assert [(record["requestID"], person_of(record)) for record in found] == [(told, "Véra (of 2)")]
    record = {**found[0], "userIdentity": {"type": "AssumedRole"}}
    assert person_of(record) == "", "a program may say what it likes"


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[LiveEngine]:
    """An engine of its own, to be killed."""
    live = LiveEngine(tmp_path / "engine")
    try:
        live.start()
        yield live
    finally:
        live.stop()


def test_the_trail_is_whole_after_the_engine_was_killed_and_started_again(killed: LiveEngine) -> None:
    engine = killed
    for _ in range(3):
        engine.client("s3").list_buckets()
        engine.kill()
        engine.start()
    engine.client("s3").list_buckets()
    report = verify(engine.folder)
    assert (report.faults, report.notes) == ([], [])
    done = run("audit", "verify", home=engine.folder)
    assert (done.returncode, f"{report.last.sequence}:{report.last.hash}" in done.stdout) == (0, True)
    assert run("audit", "verify", "--noted", f"1:{'0' * 64}", home=engine.folder).returncode == 2
    shown = run("audit", "show", "--what", "s3:List*", home=engine.folder).stdout
    assert shown.count("s3:ListBuckets") == 4
    lines = run("--json", "audit", "show", "--who", ":root", "--since", "60", "--last", "2", home=engine.folder).stdout
    assert [json.loads(line)["eventName"] for line in lines.splitlines()] == ["ListBuckets", "ListBuckets"]
    assert run("--json", "audit", "show", "--refused", home=engine.folder).stdout == ""
    path = engine.folder / TRAIL
    path.write_text(path.read_text().replace("ListBuckets", "HeadBuckets", 1))
    done = run("audit", "verify", home=engine.folder)
    assert done.returncode == 2
    assert "the audit trail is not as the engine wrote it, first at audit.jsonl, line" in done.stderr


def test_what_an_account_did_is_not_looked_for_here(tmp_path: Path) -> None:
    done = run("--target", "aws", "audit", "show", home=tmp_path)
    assert (done.returncode, "CloudTrail" in done.stderr) == (1, True)
    assert run("audit", "show", home=tmp_path).returncode == 4
