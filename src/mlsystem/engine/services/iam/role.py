"""A role, and what its trust says. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mlsystem.engine.store.records import Record


class Role(Record):
    """`key` is the role's name; `policies` are the inline ones, by name, as JSON text."""

    kind: ClassVar[str] = "iam.role"
    arn: str
    role_id: str
    path: str
    trust: str
    description: str = ""
    max_session_seconds: int = 3600
    policies: dict[str, str] = Field(default_factory=dict)
    attached: tuple[str, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
