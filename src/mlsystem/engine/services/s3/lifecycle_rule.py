"""The rules of a bucket's lifecycle: what is to be removed when. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.s3.errors import invalid_argument, invalid_request, malformed_xml
from mlsystem.engine.services.s3.object_version import ObjectVersion

SECONDS_A_DAY = 86_400.0
MOST_RULES = 1000
TRANSITIONS = ("Transition", "Transitions", "NoncurrentVersionTransition", "NoncurrentVersionTransitions")


@dataclass(frozen=True)
class Selection:
    """Which objects a rule is about."""

    prefix: str
    tags: Mapping[str, str]
    larger_than: int | None
    smaller_than: int | None

    def has(self, version: ObjectVersion) -> bool:
        if not version.key.startswith(self.prefix):
            return False
        if version.is_delete_marker:
            return not self.tags and self.larger_than is None and self.smaller_than is None
        tags = version.about.tags
        return (
            all(tags.get(name) == value for name, value in self.tags.items())
            and (self.larger_than is None or version.size > self.larger_than)
            and (self.smaller_than is None or version.size < self.smaller_than)
        )


@dataclass(frozen=True)
class Rule:
    """One rule that is enabled; a figure that is None was not stated."""

    selection: Selection
    expire_days: int | None
    expire_at: float | None
    drops_lone_markers: bool
    noncurrent_days: int | None
    noncurrent_kept: int
    abort_days: int | None


def check_rules(rules: Sequence[Mapping[str, Any]]) -> None:
    """Raises AwsError for rules that S3 would refuse, and by name for transitions, as there is one storage class."""
    if not 0 < len(rules) <= MOST_RULES:
        raise malformed_xml(f"a lifecycle has 1 to {MOST_RULES} rules")
    names = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(names) > len(set(names)):
        raise invalid_argument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        moved = [name for name in TRANSITIONS if rule.get(name)]
        if moved:
            raise NotImplementedHere(
                f"s3:PutBucketLifecycleConfiguration with Rules.{moved[0]}", "there is one storage class"
            )
        _check_rule(rule)


def _check_rule(rule: Mapping[str, Any]) -> None:
    expiration = rule.get("Expiration", {})
    if "Filter" not in rule and "Prefix" not in rule:
        raise malformed_xml("a lifecycle rule has a Filter")
    if sum(bool(value) for value in expiration.values()) > 1:
        raise malformed_xml("an Expiration has one of Days, Date and ExpiredObjectDeleteMarker")
    figures = (
        expiration.get("Days"),
        rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
        rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    )
    if any(figure is not None and figure < 1 for figure in figures):
        raise invalid_argument("'Days' for an action must be a positive integer")
    if not expiration and all(figure is None for figure in figures):
        raise invalid_request("At least one action needs to be specified in a rule")


def read_rules(rules: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Those that are enabled."""
    return [_read(rule) for rule in rules if rule["Status"] == "Enabled"]


def _read(rule: Mapping[str, Any]) -> Rule:
    expiration, noncurrent = rule.get("Expiration", {}), rule.get("NoncurrentVersionExpiration", {})
    date = expiration.get("Date")
    return Rule(
        selection=_selection(rule),
        expire_days=expiration.get("Days"),
        expire_at=_instant(date) if date is not None else None,
        drops_lone_markers=bool(expiration.get("ExpiredObjectDeleteMarker")),
        noncurrent_days=noncurrent.get("NoncurrentDays"),
        noncurrent_kept=noncurrent.get("NewerNoncurrentVersions", 0),
        abort_days=rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    )


def _selection(rule: Mapping[str, Any]) -> Selection:
    given = rule.get("Filter", {})
    both = given.get("And", given)
    tags = [*both.get("Tags", []), *([both["Tag"]] if both.get("Tag") else [])]
    return Selection(
        prefix=both.get("Prefix") or rule.get("Prefix") or "",
        tags={tag["Key"]: tag["Value"] for tag in tags},
        larger_than=both.get("ObjectSizeGreaterThan"),
        smaller_than=both.get("ObjectSizeLessThan"),
    )


def _instant(date: str) -> float:
    parsed = datetime.fromisoformat(date)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


# ---------------------------------------------------------------------- what is due
@dataclass(frozen=True)
class Due:
    """What is to be removed of one key: the object as a client deletes it, and versions for good."""

    current: bool
    version_ids: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        return not self.current and not self.version_ids


def due_of_key(rules: Sequence[Rule], versions: Sequence[ObjectVersion], at: float, day_seconds: float) -> Due:
    """`versions` are all of one key, newest first; `day_seconds` is how long a day lasts at the engine's time scale."""
    current, removed = False, []
    newest = versions[0]
    for rule in rules:
        if rule.selection.has(newest):
            if newest.is_delete_marker:
                # A rule that expires objects after some days clears away what is left of them, too.
                is_old = _is_over(rule.expire_days, newest.modified_at, at, day_seconds)
                if len(versions) == 1 and (rule.drops_lone_markers or is_old):
                    removed.append(newest.version_id)
            elif _is_over(rule.expire_days, newest.modified_at, at, day_seconds) or _has_come(rule.expire_at, at):
                current = True
        removed += _noncurrent(rule, versions, at, day_seconds)
    return Due(current, tuple(dict.fromkeys(removed)))


def _noncurrent(rule: Rule, versions: Sequence[ObjectVersion], at: float, day_seconds: float) -> list[str]:
    """A version stopped being current when the next one came."""
    old = zip(versions[1:], versions, strict=False)
    return [
        version.version_id
        for place, (version, newer) in enumerate(old)
        if place >= rule.noncurrent_kept
        and rule.selection.has(version)
        and _is_over(rule.noncurrent_days, newer.modified_at, at, day_seconds)
    ]


def is_upload_due(rules: Sequence[Rule], key: str, since: float, at: float, day_seconds: float) -> bool:
    """Whether an incomplete multipart upload is to be aborted; such a rule knows of prefixes only."""
    return any(
        key.startswith(rule.selection.prefix) and _is_over(rule.abort_days, since, at, day_seconds) for rule in rules
    )


def _is_over(days: int | None, since: float, at: float, day_seconds: float) -> bool:
    return days is not None and at - since >= days * day_seconds


def _has_come(instant: float | None, at: float) -> bool:
    return instant is not None and at >= instant
