"""Custom resources: a function of the user's is the handler, and answers through a presigned URL.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.cloudformation.resource_type import Outcome, Properties, Site


class CustomResource:
    """Refused by name until the room takes the function's answer."""

    name = "AWS::CloudFormation::CustomResource"
    properties: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    attributes: frozenset[str] | None = None
    immutable: frozenset[str] = frozenset()
    is_outside = True

    def create(self, site: Site, properties: Properties) -> Outcome:
        raise NotImplementedHere("a custom resource")

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        raise NotImplementedHere("a custom resource")

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        raise NotImplementedHere("a custom resource")

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None
