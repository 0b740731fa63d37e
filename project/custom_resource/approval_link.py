"""The link by which whoever is mailed decides about an approval, without signing in: its text, and its signature. Pure.

It names the one question: pipeline, stage, action, execution, and the run of the action, since a stage that is retried asks anew in the
same execution. The console holds the same key and lets nobody in by a link that differs in one character.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

# https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html: so long CodePipeline waits for an answer
LIFETIME = timedelta(days=7)
SIGNED = ("pipeline", "stage", "action", "execution", "run", "expires")


def question_of(event: Mapping[str, Any]) -> dict[str, str]:
    """What an event "CodePipeline Action Execution State Change" says of the approval that it tells of, by SIGNED."""
    detail = event["detail"]
    asked = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    return {
        "pipeline": detail["pipeline"],
        "stage": detail["stage"],
        "action": detail["action"],
        "execution": detail["execution-id"],
        "run": detail["action-execution-id"],
        "expires": str(int((asked + LIFETIME).timestamp())),
    }


def signature(key: str, question: Mapping[str, str]) -> str:
    """HMAC-SHA256 over the lines of SIGNED: no value has a line break, so two questions never read alike."""
    text = "\n".join(question[name] for name in SIGNED)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_link(console: str, key: str, question: Mapping[str, str]) -> str:
    """`console`: its URL, without a slash at its end."""
    told = {name: value for name, value in question.items() if name != "pipeline"}
    query = urlencode({**told, "signature": signature(key, question)})
    return f"{console}/{quote(question['pipeline'])}/approval?{query}"


def link_message(question: Mapping[str, str], link: str) -> tuple[str, str]:
    """Subject and text."""
    until = datetime.fromtimestamp(int(question["expires"]), UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = (
        f"A model of {question['pipeline']} waits for your decision: {question['action']}, execution {question['execution']}.",
        "",
        "This link shows what speaks for and against it, and decides:",
        link,
        "",
        f"It needs no signing in, so whoever has it can decide. Do not pass it on. It ends with the decision, or on {until}.",
    )
    return f"{question['pipeline']}: decide about the model that waits", "\n".join(lines)
