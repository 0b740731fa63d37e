"""The audit trail: a record for each request that reached the control plane, and for each thing that a room did for a principal.

docs/permissions.md says what is in a record: the members that CloudTrail's have. It is written whatever becomes of the transaction of the
request. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import functools
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.model import OperationModel

from mlsystem.engine.contract import READING, Principal
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.audit_file import MAX_BYTES, AuditFile
from mlsystem.engine.front.audit_request import HIDDEN, LONGEST_TEXT, Told, told_answer
from mlsystem.engine.front.guard import Permit
from mlsystem.engine.front.protocol import HttpRequest
from mlsystem.engine.runtime.api_model import service_model

EVENT_VERSION = "1.11"
INTERNAL = "AWS Internal"  # CloudTrail's words for what did not come over a network
# The door writes it, and takes away what a client wrote of that name.
WORKLOAD_HEADER = "X-Mlsystem-Principal"
# Where everything, or all with such a word in its name, acts on data and not on resources.
DATA_EVENTS = {
    "s3": re.compile(r".*(Object|Upload|UploadPart).*(?<!Configuration)"),
    "lambda": re.compile(r"Invoke.*"),
    "sagemaker-runtime": re.compile(r".*"),
    "sns": re.compile(r"Publish.*"),
    "events": re.compile(r"PutEvents"),
    "logs": re.compile(r"PutLogEvents"),
}
_CREDENTIAL = re.compile(r"(?:Credential=|AWSAccessKeyId=)([A-Za-z0-9]{1,128})")
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


class AuditTrail:
    """Every request waits for its line. On a full disk it goes on without."""

    def __init__(self, folder: Path, scope: Scope, max_bytes: int = MAX_BYTES):
        self._file = AuditFile(folder, max_bytes)
        self._constant = (
            f'{{"eventVersion":"{EVENT_VERSION}","awsRegion":"{scope.region}","recipientAccountId":"{scope.account}"'
        )

    def write(self, *members: str) -> None:
        """Each as it stands in JSON, one or more of them."""
        self._file.write(f"{self._constant},{','.join(members)}}}".encode())

    def close(self) -> None:
        self._file.close()


class Entry:
    """What the trail will say of one request; it begins when this is made."""

    def __init__(
        self,
        trail: AuditTrail,
        principal: Principal | None = None,
        service: str = "",
        operation: str = "",
        inner: bool = False,
    ):
        self._trail = trail
        self._at = time.time()
        self._started = time.monotonic()
        self._is_inner = inner
        self._request: HttpRequest | None = None
        self._request_id = ""
        self._model: OperationModel | None = None
        self._given: Mapping[str, Any] = {}
        self._result: Mapping[str, Any] = {}
        self.principal = principal
        self.service = service
        self.operation = operation
        self.error: AwsError | None = None
        self.permits: tuple[Permit, ...] = ()

    def came(self, request: HttpRequest, request_id: str) -> None:
        """From outside, over HTTP."""
        self._request, self._request_id = request, request_id

    def asked(self, model: OperationModel, given: Mapping[str, Any]) -> None:
        self._model, self._given = model, given

    def answered(self, result: Mapping[str, Any]) -> None:
        self._result = result

    def write(self, status: int) -> None:
        headers = self._request.headers if self._request is not None else {}
        agent = headers.get("User-Agent", INTERNAL)[:LONGEST_TEXT]
        second, rest = divmod(self._at, 1)
        # Put together from pieces that are known mostly: every request waits for this.
        self._trail.write(
            f'"eventTime":"{_second(int(second))}.{int(rest * 1000):03d}Z"',
            _who(self.principal, _claimed_key(self._request), self._address(headers), agent),
            _what(self.service, self.operation),
            f'"requestID":"{self._request_id}","eventID":"{_event_id()}"'
            if self._request_id
            else f'"eventID":"{_event_id()}"',
            _encode(self._told(status))[1:-1],
        )

    def _address(self, headers: Mapping[str, str]) -> str:
        """What the door wrote behind what a client may have written."""
        if self._request is None:
            return self.principal.assumed_by or INTERNAL if self.principal else INTERNAL
        if WORKLOAD_HEADER in headers:
            return INTERNAL
        return headers.get("X-Forwarded-For", INTERNAL).rpartition(",")[2].strip()

    def _told(self, status: int) -> dict[str, object]:
        told = Told(self._model, self._given) if self._model is not None else None
        found: dict[str, object] = {}
        if self.error is not None:
            found["errorCode"] = self.error.code
            words = self.error.message
            found["errorMessage"] = HIDDEN if told is not None and told.is_given_away(words) else words[:LONGEST_TEXT]
        found["requestParameters"] = told.members or None if told is not None else None
        is_changing = self._model is not None and not self.operation.startswith(READING)
        found["responseElements"] = told_answer(self._model, self._result) if self._model and is_changing else None
        found["additionalEventData"] = self._added(status)
        return found

    def _added(self, status: int) -> dict[str, object]:
        added: dict[str, object] = {
            "status": status,
            "milliseconds": round((time.monotonic() - self._started) * 1000, 1),
            "inner": self._is_inner,
        }
        permits = list(_permits(self.permits))
        return {**added, "allowed": permits} if permits else added


def _claimed_key(request: HttpRequest | None) -> str:
    if request is None:
        return ""
    found = _CREDENTIAL.search(request.headers.get("Authorization", "")) or _CREDENTIAL.search(request.query)
    return found[1] if found else ""


def _event_id() -> str:
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@functools.lru_cache(maxsize=64)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@functools.lru_cache(maxsize=1024)
def _who(principal: Principal | None, key: str, address: str, agent: str) -> str:
    return _encode({"userIdentity": _identity(principal, key), "sourceIPAddress": address, "userAgent": agent})[1:-1]


@functools.lru_cache(maxsize=1024)
def _what(service: str, operation: str) -> str:
    category = _category(service, operation)
    members = {
        "eventSource": _source(service),
        "eventName": operation,
        "readOnly": operation.startswith(READING),
        "eventType": "AwsApiCall",
        "managementEvent": category == "Management",
        "eventCategory": category,
    }
    return _encode(members)[1:-1]


def _identity(principal: Principal | None, key: str) -> dict[str, object]:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""
    keys: dict[str, object] = {"accessKeyId": key} if key else {}
    if principal is None:
        return {"type": "Unknown", **keys}
    if principal.is_service:
        return {"type": "AWSService", "invokedBy": principal.arn}
    whom: dict[str, object] = {"arn": principal.arn, "accountId": principal.account, **keys}
    by = principal.assumed_by or (f"{principal.via}.amazonaws.com" if principal.via else "")
    behind: dict[str, object] = {"invokedBy": by} if by else {}
    if principal.role_name is None:
        is_root = principal.arn.endswith(":root")
        return {"type": "Root" if is_root else "IAMUser", "principalId": principal.account, **whom, **behind}
    partition = principal.arn.split(":")[1]
    issuer = {
        "type": "Role",
        "arn": f"arn:{partition}:iam::{principal.account}:role/{principal.role_name}",
        "accountId": principal.account,
        "userName": principal.role_name,
    }
    return {"type": "AssumedRole", **whom, "sessionContext": {"sessionIssuer": issuer}, **behind}


def _source(service: str) -> str:
    """`states.amazonaws.com`: as the service signs."""
    try:
        name = service_model(service).signing_name
    except AwsError:
        name = service
    return f"{name}.amazonaws.com" if name else ""


def _category(service: str, operation: str) -> str:
    pattern = DATA_EVENTS.get(service)
    return "Data" if pattern is not None and pattern.fullmatch(operation) else "Management"


def _permits(permits: Iterable[Permit]) -> Iterator[dict[str, object]]:
    for permit in permits:
        requirement = permit.requirement
        found: dict[str, object] = {"action": requirement.action, "resource": requirement.resource}
        if requirement.context:
            found["keys"] = requirement.context
        # A statement without a Sid is told by its place in the document, from 0.
        found["by"] = [[one.source, one.sid or one.index] for one in permit.statements]
        yield found
