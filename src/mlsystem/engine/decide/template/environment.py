"""What the names in a template stand for.

A `Scope` is everything that is known before the first resource exists; it is a value that can be stored with the
operation. An `Environment` adds the resources that are known so far.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel, ConfigDict
from pydantic import JsonValue as Json

NO_VALUE = "AWS::NoValue"
SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


class Scope(BaseModel):
    """Parameters, pseudo parameters, mappings, conditions, other stacks' exports and the region's zones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: dict[str, str | list[str]] = {}
    pseudo: dict[str, str | list[str]] = {}
    mappings: dict[str, dict[str, dict[str, Json]]] = {}
    conditions: dict[str, bool] = {}
    exports: dict[str, str] = {}
    availability_zones: tuple[str, ...] = ()
    has_extensions: bool = False


class Known(Protocol):
    """A resource as far as its dependents see it."""

    @property
    def ref(self) -> Json:
        """What `Ref` gives."""

    @property
    def attributes(self) -> Mapping[str, Json]:
        """What `Fn::GetAtt` gives."""


@dataclass(frozen=True)
class Environment:
    """A scope, and the resources known by now; of those in `unsettled`, only `Ref` is: their attributes may change."""

    scope: Scope
    resources: Mapping[str, Known] = field(default_factory=dict)
    unsettled: Collection[str] = ()


def pseudo_parameters(
    *,
    region: str,
    account: str,
    stack_name: str,
    stack_id: str,
    partition: str = "aws",
    notification_arns: tuple[str, ...] = (),
) -> dict[str, str | list[str]]:
    """The names that CloudFormation knows by itself (AWS::NoValue apart, which is no value)."""
    return {
        "AWS::Region": region,
        "AWS::AccountId": account,
        "AWS::Partition": partition,
        "AWS::StackName": stack_name,
        "AWS::StackId": stack_id,
        "AWS::URLSuffix": SUFFIXES.get(partition, "amazonaws.com"),
        "AWS::NotificationARNs": list(notification_arns),
    }


PSEUDO_NAMES = frozenset(pseudo_parameters(region="", account="", stack_name="", stack_id="")) | {NO_VALUE}
