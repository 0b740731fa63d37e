"""What a role's door lets in at once: never more than its policies allow."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.decide.access.document import statements_of
from mlsystem.engine.decide.access.evaluation import decide
from mlsystem.engine.decide.access.matching import matches, rests
from mlsystem.engine.decide.access.request import AccessRequest
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.front.invokers import INVOKE, names_let_in, requirement
from mlsystem.engine.runtime.workload import role_socket, workload_socket
from mlsystem.engine.store.folder import DataFolder

SCOPE = Scope("000000000000", "us-east-1")
ARN = SCOPE.arn("sagemaker", "endpoint/")


def allow(resource: str | list[str] = "*", action: str = INVOKE, **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **members}


POLICIES: list[tuple[list[dict[str, Any]], tuple[str, ...], tuple[str, ...]]] = [
    ([allow(f"{ARN}mls-flights-*")], ("mls-flights-*",), ()),
    ([allow("*", "sagemaker:Invoke*")], ("*",), ()),
    ([allow("*", "sagemaker:DescribeEndpoint")], (), ()),
    ([allow("arn:aws:sagemaker:*:*:endpoint/a")], ("a",), ()),
    ([allow("arn:aws:sagemaker:eu-west-1:*:endpoint/a")], (), ()),
    ([allow([f"{ARN}a", f"{ARN}b?", SCOPE.arn("sagemaker", "model/c")])], ("a", "b?"), ()),
    ([allow(Condition={"Bool": {"aws:SecureTransport": "true"}})], (), ()),
    ([allow(f"{ARN}${{aws:username}}")], (), ()),
    ([allow(), allow(f"{ARN}a", Effect="Deny")], ("*",), ("a",)),
    ([allow(), allow(SCOPE.arn("sagemaker", "model/c"), Effect="Deny")], ("*",), ()),
    ([allow(), {"Effect": "Deny", "Action": INVOKE, "NotResource": f"{ARN}a"}], ("*",), ("*",)),
    ([{"Effect": "Allow", "NotAction": "sagemaker:Delete*", "Resource": f"{ARN}a"}], ("a",), ()),
]


@pytest.mark.parametrize(("document", "allowed", "denied"), POLICIES)
def test_what_policies_allow_without_a_condition_is_let_in(
    document: list[dict[str, Any]], allowed: tuple[str, ...], denied: tuple[str, ...]
) -> None:
    statements = statements_of(json.dumps({"Statement": document}), "p")
    assert names_let_in(statements, SCOPE) == (allowed, denied)
    for name in ("a", "b1", "mls-flights-1", "other"):
        is_let_in = any(matches(one, name, {}) for one in allowed) and not any(matches(one, name, {}) for one in denied)
        request = AccessRequest("arn:aws:sts::1:assumed-role/r/s", "1", INVOKE, ARN + name)
        assert not is_let_in or decide(request, statements).is_allowed


def test_the_rest_of_a_pattern_matches_what_follows_its_beginning() -> None:
    for pattern in map("".join, itertools.product("ab*?", repeat=4)):
        for beginning, end in (("ab", "ba"), ("aab", ""), ("b", "abab"), ("", "ab")):
            found = any(matches(rest, end, {}) for rest in rests(pattern, beginning))
            assert found == matches(pattern, beginning + end, {}), (pattern, beginning, end)


def test_an_invocation_asks_for_its_endpoint() -> None:
    [asked] = requirement(SCOPE, "/endpoints/flights/invocations")
    assert (asked.action, asked.resource) == (INVOKE, f"{ARN}flights")


def test_the_door_of_a_role_needs_no_longer_path_than_that_of_all(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    names = ["a", "x" * 64, "mls-flights-api-us-east-1"]
    sockets = [role_socket(folder, name) for name in names]
    assert {len(str(path)) for path in sockets} == {len(str(workload_socket(folder)))}
    assert len(set(sockets)) == len(names)
