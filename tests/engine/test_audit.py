"""The audit trail: who asked for what, what services did for them, and which statements allowed it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlsystem.engine.front.audit import KEPT_FILES, AuditTrail, Entry
from tests.live import LiveEngine, eventually
from tests.roles import limited_role, session


def _lines(engine: LiveEngine, role: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in (engine.folder / "audit.jsonl").read_text().splitlines())
    return [line for line in lines if f":assumed-role/{role}/" in line["principal"]]


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
    assert (inner["eventSource"], inner["eventName"], inner["inner"]) == ("kms", "GenerateDataKey", True)
    assert inner["allowed"] == [{"action": "kms:GenerateDataKey", "resource": key, "by": [[policy, 2], [policy, 3]]}]
    assert (put["eventSource"], put["eventName"], put["inner"], put["status"]) == ("s3", "PutObject", False, 200)
    [asked] = put["allowed"]
    assert (asked["action"], asked["resource"], asked["by"]) == (
        "s3:PutObject",
        f"arn:aws:s3:::{name}/a",
        [[policy, "Write"]],
    )
    assert (deleted["status"], deleted["errorCode"], "allowed" in deleted) == (403, "AccessDenied", False)


def test_the_trail_takes_no_more_than_its_room(tmp_path: Path) -> None:
    trail = AuditTrail(tmp_path / "audit.jsonl", max_bytes=2000)
    for number in range(200):
        Entry(trail, f"arn:aws:iam::000000000000:user/{number}").write(200)
    trail.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + KEPT_FILES
    assert max(path.stat().st_size for path in files) <= 2000
    assert "user/199" in (tmp_path / "audit.jsonl").read_text()
