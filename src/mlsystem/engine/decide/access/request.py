"""What is asked of the policies: who wants to do what, on which resource, under which circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AccessRequest:
    """One question: may `principal` do `action` on `resource`?

    `principal` is the ARN of a session, user or root, or the name of a service (`events.amazonaws.com`). `action` is
    `service:Operation` as IAM spells it, `resource` an ARN or `*`. `context` holds condition keys in lower case, each with its values: an
    absent key is no key, and an empty tuple a key without values. `role` is the ARN of the session's role, which may have a path; without
    it the role is taken to have none.
    """

    principal: str
    account: str
    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    role: str = ""

    @property
    def is_root(self) -> bool:
        return self.principal == f"arn:aws:iam::{self.account}:root"

    @property
    def role_arn(self) -> str:
        """The role of a session (`arn:aws:sts::A:assumed-role/R/S`); empty for other principals."""
        if self.role:
            return self.role
        resource = self.principal.split(":", 5)[-1]
        if not resource.startswith("assumed-role/"):
            return ""
        return f"arn:aws:iam::{self.account}:role/{resource.split('/')[1]}"
