"""Filter policies: which messages a subscription wants. They read like event patterns.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.pattern import read_pattern
from mlsystem.engine.services.sns.topic import invalid


def check_filter_policy(text: str) -> None:
    """Raises AwsError(InvalidParameter)."""
    try:
        read_pattern(text)
    except AwsError as error:
        raise invalid(f"FilterPolicy: {error.message}") from error


def is_wanted(subscription: Mapping[str, str], message: str, attributes: Mapping[str, Any]) -> bool:
    """`subscription` are its attributes, `attributes` the message's."""
    policy = subscription.get("FilterPolicy", "")
    if not policy or policy == "{}":
        return True
    if subscription.get("FilterPolicyScope") != "MessageBody":
        return read_pattern(policy).matches({name: _value(given) for name, given in attributes.items()})
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and read_pattern(policy).matches(body)


def _value(attribute: Mapping[str, Any]) -> Any:
    text = attribute.get("StringValue", "")
    try:
        return json.loads(text) if attribute["DataType"] in ("Number", "String.Array") else text
    except (ValueError, RecursionError):
        return text
