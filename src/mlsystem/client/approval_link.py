"""The signed link of the mail about an approval, as the console reads it. project/custom_resource/approval_link.py makes it.

It is good for one question, until that is answered or seven days are over. Everybody who is subscribed gets the same, so it does not tell
who has it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from mlsystem.client.approval import Question
from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure

SIGNATURE = "signature"
FIELDS = ("stage", "action", "execution", "run", "expires", SIGNATURE)
ABSENT = "ResourceNotFoundException"


class LinkForged(ClientFailure):
    """It is none that was mailed."""


class LinkOver(ClientFailure):
    """It was good once."""


@dataclass(frozen=True)
class ApprovalLink:
    pipeline: str
    fields: Mapping[str, str]  # by FIELDS

    @classmethod
    def read(cls, pipeline: str, given: Mapping[str, str]) -> ApprovalLink:
        """From the parameters of a URL or a form; what is missing is empty, and so signed by nobody."""
        return cls(pipeline, {name: given.get(name, "") for name in FIELDS})

    @property
    def query(self) -> str:
        return urlencode(self.fields)

    def is_signed_with(self, key: str) -> bool:
        lines = [self.pipeline, *(self.fields[name] for name in FIELDS if name != SIGNATURE)]
        # A value with a line break could pass for two.
        if not key or any("\n" in line or not line for line in lines):
            return False
        made = hmac.new(key.encode(), "\n".join(lines).encode(errors="replace"), hashlib.sha256).hexdigest()
        return hmac.compare_digest(made.encode(), self.fields[SIGNATURE].encode(errors="replace"))

    def check(self, key: str, now: datetime) -> None:
        """Raises LinkForged, LinkOver."""
        if not self.is_signed_with(key):
            raise LinkForged(
                "this link was not mailed by the pipeline, or not all of it came here: copy the whole of it"
            )
        if now.timestamp() >= int(self.fields["expires"]):
            raise LinkOver("this link is too old: the pipeline does not wait for its answer any more")

    def check_question(self, question: Question | None) -> Question:
        """That it is this one. Raises LinkOver where the execution has been asked about anew."""
        named = (self.fields["stage"], self.fields["action"], self.fields["execution"], self.fields["run"])
        if question is None or (question.stage, question.action, question.execution, question.run) != named:
            raise LinkOver("this link is too old: the question was asked anew since, and a newer mail has a link to it")
        return question

    def check_waiting(self, question: Question | None) -> None:
        """Raises LinkOver where it was decided."""
        if not self.check_question(question).token:
            raise LinkOver("this was decided, so the link shows no more of it")


def read_key(connection: Connection, pipeline: str) -> str:
    """What links are signed with; empty where the pipeline mails none. Raises ClientFailure."""
    client = connection.client("secretsmanager")
    try:
        return str(client.get_secret_value(SecretId=f"{pipeline}-approval-link")["SecretString"])
    except ClientError as error:
        if error.response["Error"]["Code"] == ABSENT:
            return ""
        raise ClientFailure(f"whether the link is good cannot be told: {error.response['Error']['Message']}") from error
