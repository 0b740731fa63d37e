"""An alias: a name that stands for a key. https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"""

from __future__ import annotations

import re
from typing import ClassVar

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.records import Record

PREFIX = "alias/"
RESERVED = "alias/aws/"
NAME = re.compile(r"alias/[A-Za-z0-9/_-]+")


class Alias(Record):
    """`key` is the name, with `alias/`; `parent` the id of the key that it stands for."""

    kind: ClassVar[str] = "kms.alias"
    arn: str


def check_name(name: str) -> None:
    """Raises AwsError."""
    if not name.startswith(PREFIX):
        raise AwsError(
            "ValidationException", 'Alias must start with the prefix "alias/". Please see the KMS documentation.'
        )
    if name.startswith(RESERVED):
        raise AwsError("NotAuthorizedException", f"The alias {name} is reserved for keys that AWS manages.", 400)
    if NAME.fullmatch(name) is None:
        raise AwsError(
            "InvalidAliasNameException", f"{name} may hold letters, digits, slashes, underscores and hyphens."
        )
