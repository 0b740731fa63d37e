"""A dashboard's variables: the names in it that are chosen by whoever looks at it. Pure.

A variable of the type `pattern` replaces a regular expression everywhere in the body. One of the type `property` is left as it stands.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_dashboard_variables.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from mlsystem.client.errors import ClientFailure

FIRST = "__FIRST__"  # the first value that a search finds, which only CloudWatch's page looks for


def with_values(body: str, values: Mapping[str, str] | None = None) -> str:
    """The body with each pattern replaced by the value of its variable's id, else by the variable's default.

    The variables too have the values then, so they can be chosen again. Raises ClientFailure.
    """
    try:
        replaced = dict(_replaced(body, values or {}))
        # The longest first: a name may begin with another.
        patterns = sorted(replaced, key=len, reverse=True)
        if not patterns:
            return body
        either = re.compile("|".join(f"(?P<v{number}>{pattern})" for number, pattern in enumerate(patterns)))
    except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
        raise ClientFailure(f"the dashboard's variables cannot be read: {error!r}") from error
    return either.sub(lambda match: _in_json(replaced[patterns[int(str(match.lastgroup)[1:])]]), body)


def _replaced(body: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for variable in json.loads(body).get("variables", ()):
        if variable["type"] != "pattern":
            continue
        value = values.get(variable["id"], variable.get("defaultValue"))
        if value not in (None, FIRST):
            yield variable["pattern"], str(value)


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]
