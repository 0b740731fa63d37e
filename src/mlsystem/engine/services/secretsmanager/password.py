"""GetRandomPassword. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html"""

from __future__ import annotations

import secrets
import string
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError

if TYPE_CHECKING:
    from types_boto3_secretsmanager.type_defs import GetRandomPasswordRequestTypeDef

USUAL_LENGTH = 32
LONGEST = 4096


class RandomPasswords(Part):
    """Nothing is kept of them."""

    @operation(
        "GetRandomPassword",
        accepts="PasswordLength ExcludeCharacters ExcludeNumbers ExcludePunctuation ExcludeUppercase ExcludeLowercase "
        "IncludeSpace RequireEachIncludedType",
        mode="read",
    )
    def get_random_password(self, request: GetRandomPasswordRequestTypeDef, call: Call) -> dict[str, object]:
        kinds = _kinds(request)
        length = request.get("PasswordLength", USUAL_LENGTH)
        must_have_each = request.get("RequireEachIncludedType", True)
        if not kinds:
            raise AwsError("InvalidParameterException", "The characters that are left make no password.")
        if not (len(kinds) if must_have_each else 1) <= length <= LONGEST:
            raise AwsError("InvalidParameterException", f"A password of {length} characters cannot be made.")
        letters = [secrets.choice(kind) for kind in kinds] if must_have_each else []
        letters += [secrets.choice("".join(kinds)) for _ in range(length - len(letters))]
        secrets.SystemRandom().shuffle(letters)
        return {"RandomPassword": "".join(letters)}


def _kinds(request: GetRandomPasswordRequestTypeDef) -> list[str]:
    """The kinds of characters that may be used, without those that are excluded one by one."""
    kinds = [
        "" if request.get("ExcludeLowercase") else string.ascii_lowercase,
        "" if request.get("ExcludeUppercase") else string.ascii_uppercase,
        "" if request.get("ExcludeNumbers") else string.digits,
        "" if request.get("ExcludePunctuation") else string.punctuation,
        " " if request.get("IncludeSpace") else "",
    ]
    excluded = set(request.get("ExcludeCharacters", ""))
    left = ["".join(letter for letter in kind if letter not in excluded) for kind in kinds]
    return [kind for kind in left if kind]
