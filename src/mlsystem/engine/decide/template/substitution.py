"""The text of Fn::Sub, cut into literal parts and variables.

`${Name}` is a reference, `${Name.Attribute}` an attribute, and `${!Literal}` stays as `${Literal}`, for the shell that reads it later.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.errors import TemplateError

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9_.:]+")

ARGUMENTS = (
    "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an"
    " optional second argument to specify a mapping of values to replace in the string"
)
NAMES = "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons"


@dataclass(frozen=True)
class Variable:
    """A name between `${` and `}`."""

    name: str

    def expression(self) -> Json:
        """The reference that it stands for."""
        if "." in self.name:
            return {"Fn::GetAtt": [*self.name.split(".", 1)]}
        return {"Ref": self.name}


def sub_arguments(argument: Json) -> tuple[list[str | Variable], dict[str, Json]]:
    """Parts of the text, and the mapping of the second form (empty for the first)."""
    if isinstance(argument, str):
        return sub_parts(argument), {}
    if isinstance(argument, list) and len(argument) == 2:
        text, mapping = argument
        if isinstance(text, str) and isinstance(mapping, dict):
            return sub_parts(text), mapping
    raise TemplateError(ARGUMENTS)


def sub_parts(text: str) -> list[str | Variable]:
    """Literals and variables, in order."""
    parts: list[str | Variable] = []
    position = 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append(text[position : found.start()])
        parts.append(_part(found.group(1)))
        position = found.end()
    parts.append(text[position:])
    return [part for part in parts if part != ""]


def _part(inner: str) -> str | Variable:
    if inner.startswith("!"):
        return "${" + inner[1:] + "}"
    if not _NAME.fullmatch(inner):
        raise TemplateError(f"{NAMES} ({inner!r})")
    return Variable(inner)
