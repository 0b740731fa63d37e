"""Resource paths of API Gateway: `/api`, `/items/{id}`, `/{proxy+}`.

A fixed segment wins over a parameter, a parameter over a greedy one.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
"""

from __future__ import annotations

import re


def path_expression(resource: str) -> str:
    """A regular expression for the whole of the path behind the stage."""
    if resource == "/":
        return "/?"
    return "".join("/" + _segment_expression(segment) for segment in resource[1:].split("/")) + "/?"


def precedence(resource: str) -> tuple[tuple[int, str], ...]:
    """A sort key: of two resources that match a path, the one to take comes first."""
    return tuple((_rank(segment), segment) for segment in resource[1:].split("/"))


def _segment_expression(segment: str) -> str:
    return (re.escape(segment), "[^/]+", ".+")[_rank(segment)]


def _rank(segment: str) -> int:
    if not segment.startswith("{"):
        return 0
    return 2 if segment.endswith("+}") else 1
