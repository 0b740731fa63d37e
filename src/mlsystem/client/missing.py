"""Evidence that may not be there: what is missing is a value with its reason, so that nobody takes silence for a good sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from mlsystem.client.errors import ClientFailure

T = TypeVar("T")


@dataclass(frozen=True)
class Missing:
    """`why` is for a person."""

    why: str


def or_missing(read: Callable[[], T]) -> T | Missing:
    """What can be read, or why it cannot."""
    try:
        return read()
    except ClientFailure as error:
        return Missing(str(error))
    except ClientError as error:
        return Missing(f"{error.operation_name}: {error.response['Error'].get('Message') or error}")
    except BotoCoreError as error:
        return Missing(str(error))
