"""Dynamic references: found, and resolved on the way out."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template import (
    DynamicReference,
    TemplateError,
    dynamic_references,
    resolve_dynamic_references,
)

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("{{resolve:ssm:/a/b}}", DynamicReference("ssm", "/a/b")),
        ("{{resolve:ssm:/a/b:3}}", DynamicReference("ssm", "/a/b", version="3")),
        ("{{resolve:secretsmanager:db}}", DynamicReference("secretsmanager", "db")),
        ("{{resolve:secretsmanager:db:SecretString:user}}", DynamicReference("secretsmanager", "db", "user")),
        (f"{{{{resolve:secretsmanager:{ARN}}}}}", DynamicReference("secretsmanager", ARN)),
        (
            f"{{{{resolve:secretsmanager:{ARN}:SecretString:user:AWSPREVIOUS}}}}",
            DynamicReference("secretsmanager", ARN, "user", "AWSPREVIOUS"),
        ),
        ("{{resolve:secretsmanager:db:SecretString:::id}}", DynamicReference("secretsmanager", "db", version="id")),
    ],
)
def test_a_reference_is_read(text: str, reference: DynamicReference) -> None:
    assert list(dynamic_references({"A": [f"x{text}y"]})) == [reference]


def test_references_are_replaced_wherever_they_stand() -> None:
    value = {"A": ["u:{{resolve:ssm:a}}/{{resolve:ssm:b}}", 5, {"B": "{{resolve:ssm:c}}"}], "C": "{{no}}"}
    resolved = resolve_dynamic_references(value, lambda reference: reference.name.upper())  # type: ignore[arg-type]
    assert resolved == {"A": ["u:A/B", 5, {"B": "C"}], "C": "{{no}}"}


@pytest.mark.parametrize(
    "text",
    [
        "{{resolve:secretsmanager:db:SecretBinary}}",
        "{{resolve:secretsmanager:db:SecretString:k:stage:id}}",
        "{{resolve:secretsmanager:db:SecretString:k:::x}}",
    ],
)
def test_a_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        list(dynamic_references(text))


def test_secure_parameters_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedHere, match="ssm-secure"):
        list(dynamic_references("{{resolve:ssm-secure:a:1}}"))
