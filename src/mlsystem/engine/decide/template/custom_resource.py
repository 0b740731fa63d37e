"""What CloudFormation and the provider of a custom resource say to each other: the request, and the answer. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.intrinsic import text_of

PLAIN_TYPE = "AWS::CloudFormation::CustomResource"
# At most 60 characters, which the prefix counts among.
OWN_TYPE = re.compile(r"Custom::[A-Za-z0-9_@-]{1,52}")
PROVIDER = "ServiceToken"
SERVICE_TIMEOUT = "ServiceTimeout"
LONGEST_SECONDS = 3600
LARGEST_ANSWER_BYTES = 4096
LONGEST_PHYSICAL_ID_BYTES = 1024
STATUSES = ("SUCCESS", "FAILED")
# What an answer must copy from its request.
COPIED = ("StackId", "RequestId", "LogicalResourceId")


class Answer(BaseModel):
    """How a request ended. `reason` is for a stack's event; `physical_id` may be missing where it has failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    succeeded: bool
    reason: str = ""
    physical_id: str = ""
    data: dict[str, Json] = {}
    # NoEcho: the data is not to be shown.
    is_hidden: bool = False


def is_custom(resource_type: str) -> bool:
    return resource_type == PLAIN_TYPE or resource_type.startswith("Custom::")


def check_custom(logical_id: str, resource_type: str, properties: Mapping[str, Json]) -> None:
    """Raises TemplateError for what can be seen to be wrong before anything is done."""
    if resource_type != PLAIN_TYPE and not OWN_TYPE.fullmatch(resource_type):
        raise TemplateError(
            f"Resource {logical_id}: the type {resource_type} must be Custom:: and letters, digits, _, @ and -, 60 characters at most"
        )
    timeout = properties.get(SERVICE_TIMEOUT, LONGEST_SECONDS)
    if not isinstance(timeout, dict) and _seconds(timeout) is None:
        raise TemplateError(
            f"Resource {logical_id} ({resource_type}): ServiceTimeout must be between 1 and 3600 seconds"
        )


def timeout_seconds(properties: Mapping[str, Json]) -> int | None:
    """How long the provider may take; None for what is no such number."""
    return _seconds(properties.get(SERVICE_TIMEOUT, LONGEST_SECONDS))


def _seconds(value: Json) -> int | None:
    text = text_of(value) or ""
    seconds = int(text) if text.isdecimal() else 0
    return seconds if 1 <= seconds <= LONGEST_SECONDS else None


def in_texts(value: Json) -> Json:
    """The value as providers see it: every scalar is a string."""
    if isinstance(value, list):
        return [in_texts(item) for item in value]
    if isinstance(value, dict):
        return {name: in_texts(member) for name, member in value.items()}
    return text_of(value)


def read_answer(body: bytes, request: Mapping[str, Any]) -> Answer:
    """What the provider wrote, held against the request. What cannot be read is an answer that the request has failed."""
    if len(body) > LARGEST_ANSWER_BYTES:
        return _refused(request, f"Response object is too long: it may have {LARGEST_ANSWER_BYTES} bytes")
    try:
        given = json.loads(body)
    except ValueError:
        return _refused(request, "Response is not valid JSON")
    if not isinstance(given, dict):
        return _refused(request, "Response is not a JSON object")
    problem = _problem(given, request)
    return _refused(request, problem) if problem else _answer(given, request)


def unanswered(request: Mapping[str, Any]) -> Answer:
    """The provider's time is over."""
    reason = (
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
        f"[{request['RequestId']}]. If you are using the Python cfn-response module, you may need to update your Lambda "
        "function so that CloudFormation can attach the updated version."
    )
    return Answer(succeeded=False, reason=reason)


def _problem(given: Mapping[str, Any], request: Mapping[str, Any]) -> str | None:
    if given.get("Status") not in STATUSES:
        return "Invalid Status: it must be SUCCESS or FAILED"
    wrong = [name for name in COPIED if given.get(name) != request[name]]
    if wrong:
        return f"Invalid {wrong[0]}: it must be copied from the request"
    if given["Status"] == "FAILED":
        return None
    physical_id = given.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 1 <= len(physical_id.encode()) <= LONGEST_PHYSICAL_ID_BYTES:
        return "Invalid PhysicalResourceId"
    if not isinstance(given.get("Data") or {}, dict):
        return "Invalid Data: it must be an object of names and values"
    return None


def _answer(given: Mapping[str, Any], request: Mapping[str, Any]) -> Answer:
    physical_id = given.get("PhysicalResourceId")
    physical_id = physical_id if isinstance(physical_id, str) else ""
    if given["Status"] == "FAILED":
        told = given.get("Reason") or "(no reason was given)"
        reason = f"Received response status [FAILED] from custom resource. Message returned: {told}"
        return Answer(succeeded=False, reason=f"{reason} (RequestId: {request['RequestId']})", physical_id=physical_id)
    data = {name: _value(value) for name, value in (given.get("Data") or {}).items()}
    hidden = text_of(given.get("NoEcho", False)) or ""
    return Answer(succeeded=True, physical_id=physical_id, data=data, is_hidden=hidden.lower() == "true")


def _value(value: Json) -> Json:
    text = text_of(value)
    return value if text is None else text


def _refused(request: Mapping[str, Any], problem: str) -> Answer:
    return Answer(succeeded=False, reason=f"{problem} (RequestId: {request['RequestId']})")
