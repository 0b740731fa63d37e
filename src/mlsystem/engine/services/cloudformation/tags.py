"""Tags of resources: those of the stack, and over them the resource's own, in the forms that the APIs ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsystem.engine.services.cloudformation.resource_type import Properties, Site


def tag_map(site: Site, properties: Properties, member: str = "Tags") -> dict[str, str]:
    """A template writes a list of Key and Value, for some types an object."""
    own = properties.get(member) or {}
    pairs = own if isinstance(own, Mapping) else {item["Key"]: item["Value"] for item in own}
    return {**site.stack_tags, **{str(key): str(value) for key, value in pairs.items()}}


def tag_list(site: Site, properties: Properties, member: str = "Tags", prefix: str = "") -> list[dict[str, str]]:
    """As `Key` and `Value`; `prefix` where an API calls them otherwise (KMS: `TagKey`)."""
    pairs = tag_map(site, properties, member)
    return [{f"{prefix}Key": key, f"{prefix}Value": value} for key, value in pairs.items()]


def tagged(request: dict[str, Any], member: str, tags: list[dict[str, str]] | dict[str, str]) -> dict[str, Any]:
    """The request with its tags, if there are any."""
    request.pop("Tags", None)
    return {**request, member: tags} if tags else request


def retag(
    site: Site,
    old: Properties,
    new: Properties,
    *,
    tag: Callable[[dict[str, str]], object],
    untag: Callable[[list[str]], object],
    member: str = "Tags",
) -> None:
    """After an update: all tags that there are now, and those that there are no more taken away."""
    now = tag_map(site, new, member)
    if now:
        tag(now)
    if gone := sorted(set(tag_map(site, old, member)) - set(now)):
        untag(gone)


def gone_tags(site: Site, old: Properties, new: Properties) -> list[str]:
    """Keys of tags that an update takes away."""
    return sorted(set(tag_map(site, old)) - set(tag_map(site, new)))
