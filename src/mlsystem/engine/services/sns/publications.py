"""Publish and PublishBatch. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, Principal, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.sns.delivery import begin_delivery
from mlsystem.engine.services.sns.filter_policy import is_wanted
from mlsystem.engine.services.sns.letter import notification
from mlsystem.engine.services.sns.topic import Subscription, Topic, invalid, require_topic

if TYPE_CHECKING:
    from types_boto3_sns.type_defs import PublishBatchInputTypeDef, PublishInputTypeDef

MOST_BYTES = 256 * 1024
MOST_ENTRIES = 10
LONGEST_SUBJECT = 100
AWS_KEY = "alias/aws/sns"
KEY_FAULTS = {
    "NotFoundException": "KMSNotFound",
    "DisabledException": "KMSDisabled",
    "KMSInvalidStateException": "KMSInvalidState",
}


class Publications(Part):
    """A message and its deliveries commit together; what was published is delivered."""

    def __init__(self, house: House):
        self._house = house

    @operation("Publish", accepts="TopicArn TargetArn Subject Message MessageStructure MessageAttributes")
    def publish(self, request: PublishInputTypeDef, call: Call) -> Mapping[str, object]:
        topic = require_topic(call.tx, request.get("TopicArn") or request.get("TargetArn", ""))
        given: Mapping[str, Any] = request
        _check(given)
        self._check_key(topic, call.principal)
        return {"MessageId": self._send(topic, given, call)}

    @operation("PublishBatch", accepts="TopicArn PublishBatchRequestEntries")
    def publish_batch(self, request: PublishBatchInputTypeDef, call: Call) -> Mapping[str, object]:
        """Each entry for itself: one that is wrong keeps back no other."""
        topic = require_topic(call.tx, request["TopicArn"])
        entries: Sequence[Mapping[str, Any]] = request["PublishBatchRequestEntries"]
        _check_batch(entries)
        self._check_key(topic, call.principal)
        sent, failed = [], []
        for entry in entries:
            try:
                _check(entry)
            except AwsError as error:
                failed.append({"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True})
            else:
                sent.append({"Id": entry["Id"], "MessageId": self._send(topic, entry, call)})
        return {"Successful": sent, "Failed": failed}

    def _send(self, topic: Topic, request: Mapping[str, Any], call: Call) -> str:
        """The id of the message."""
        texts, subject = _texts(request), request.get("Subject")
        message_id = str(uuid.uuid4())
        attributes: Mapping[str, Any] = request.get("MessageAttributes", {})
        for subscription in call.tx.all(Subscription, parent=topic.key):
            text = texts.get(subscription.protocol, texts["default"])
            if subscription.is_confirmed and is_wanted(subscription.attributes, text, attributes):
                document = notification(topic, message_id, call.now, text, subject, attributes)
                begin_delivery(self._house, call.tx, subscription, document)
        return message_id

    def _check_key(self, topic: Topic, principal: Principal) -> None:
        """An encrypted topic takes messages of those who may use its key, while it can be used.

        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        """
        key = topic.attributes.get("KmsMasterKeyId", AWS_KEY)
        if key == AWS_KEY:
            return
        who = replace(principal, via="sns")
        try:
            made = self._house.call("kms", "GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256"}, who)
            self._house.call("kms", "Decrypt", {"KeyId": key, "CiphertextBlob": made["CiphertextBlob"]}, who)
        except AwsError as error:
            code = KEY_FAULTS.get(error.code, "KMSAccessDenied")
            raise AwsError(code, f"{error.message} (topic {topic.name})") from error


def _check(request: Mapping[str, Any]) -> None:
    """Raises AwsError(InvalidParameter)."""
    _texts(request)
    _check_subject(request.get("Subject"))


def _check_batch(entries: Sequence[Mapping[str, Any]]) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html"""
    if not entries:
        raise AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > MOST_ENTRIES:
        raise AwsError("TooManyEntriesInBatchRequest", f"A batch has at most {MOST_ENTRIES} entries.")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    if sum(len(entry["Message"].encode()) for entry in entries) > MOST_BYTES:
        raise AwsError("BatchRequestTooLong", f"The messages of a batch have at most {MOST_BYTES} bytes together.")
    for entry in entries:
        for member in sorted(entry.keys() & {"MessageDeduplicationId", "MessageGroupId"}):
            raise NotImplementedHere(f"sns:PublishBatch with {member}", "topics are standard ones here")


def _texts(request: Mapping[str, Any]) -> dict[str, str]:
    """The message by protocol, with `default` for the others. Raises AwsError(InvalidParameter)."""
    message = str(request["Message"])
    if not message:
        raise invalid("Empty message")
    if len(message.encode()) > MOST_BYTES:
        raise invalid("Message too long")
    structure = request.get("MessageStructure")
    if structure is None:
        return {"default": message}
    if structure != "json":
        raise invalid("MessageStructure")
    try:
        found = json.loads(message)
    except ValueError as error:
        raise invalid("Message Structure - JSON message body failed to parse") from error
    if not isinstance(found, dict) or not isinstance(found.get("default"), str):
        raise invalid("Message Structure - No default entry in JSON message body")
    return {name: text for name, text in found.items() if isinstance(text, str)}


def _check_subject(subject: str | None) -> None:
    if subject is None:
        return
    if not subject or len(subject) > LONGEST_SUBJECT or not subject.isascii() or not subject.isprintable():
        raise invalid("Subject")
