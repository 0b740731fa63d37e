"""Amazon resource names: one place that writes and reads them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from dataclasses import dataclass

from mlsystem.engine.decide.errors import AwsError


@dataclass(frozen=True)
class Arn:
    """The six fields of `arn:partition:service:region:account:resource`."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def name(self) -> str:
        """The last part of the resource: `demo` in `endpoint/demo` and in `stateMachine:demo`."""
        return self.resource.replace(":", "/").rsplit("/", 1)[-1]


def parse_arn(text: str) -> Arn:
    """Raises AwsError(ValidationException) for anything that is not an ARN."""
    fields = text.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        raise AwsError(
            "ValidationException", f"{text!r} is not an ARN (arn:partition:service:region:account:resource)."
        )
    return Arn(*fields[1:])


@dataclass(frozen=True)
class Scope:
    """The account and region that this engine plays, and the ARNs in them."""

    account: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        return str(Arn(self.partition, service, self.region, self.account, resource))

    def global_arn(self, service: str, resource: str, with_account: bool = True) -> str:
        """For services without a region (iam, sts), or without both (s3)."""
        return str(Arn(self.partition, service, "", self.account if with_account else "", resource))
