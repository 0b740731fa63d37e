"""Names of functions: the short one, ARNs, and qualifiers behind either.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError

LATEST = "$LATEST"
_NAME = re.compile(
    r"(?:arn:[a-z-]+:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)


@dataclass(frozen=True)
class FunctionName:
    """`qualifier` is a version, an alias, or None."""

    name: str
    qualifier: str | None

    @property
    def target(self) -> str:
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name


def function_name(request: Mapping[str, Any]) -> FunctionName:
    """FunctionName and Qualifier of a request. Raises AwsError for another account's, or for two qualifiers that differ."""
    return with_qualifier(request["FunctionName"], request.get("Qualifier"))


def with_qualifier(text: str, qualifier: str | None = None) -> FunctionName:
    match = _NAME.fullmatch(text)
    if match is None:
        raise AwsError("InvalidParameterValueException", f"{text!r} is no name and no ARN of a function.")
    if qualifier and match["qualifier"] and qualifier != match["qualifier"]:
        raise AwsError(
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return FunctionName(match["name"], qualifier or match["qualifier"])


def function_arn(scope: Scope, name: str, qualifier: str | None = None) -> str:
    return scope.arn("lambda", f"function:{name}" + (f":{qualifier}" if qualifier else ""))


def not_found(scope: Scope, name: str, qualifier: str | None = None) -> AwsError:
    arn = function_arn(scope, name, qualifier)
    return AwsError("ResourceNotFoundException", f"Function not found: {arn}", fields={"Type": "User"})
