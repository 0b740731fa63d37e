"""What a lifecycle removes, and when."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.s3.lifecycle_rule import SECONDS_A_DAY, check_rules, due_of_key, is_upload_due, read_rules
from mlsystem.engine.services.s3.object_version import Details, Encryption, ObjectVersion

AT = 1_800_000_000.0
DAY = SECONDS_A_DAY


def _version(age_days: float, version_id: str = "v", **values: Any) -> ObjectVersion:
    details = Details(encryption=Encryption(algorithm="AES256"), tags=values.pop("tags", {}))
    version = ObjectVersion(
        bucket="b",
        key=values.pop("key", "logs/a"),
        version_id=version_id,
        modified_at=AT - age_days * DAY,
        holder="h",
        **values,
    )
    return version if version.is_delete_marker else version.model_copy(update={"details": details})


def _due(rule: dict[str, Any], *versions: ObjectVersion, day_seconds: float = DAY) -> tuple[bool, tuple[str, ...]]:
    complete = {"Status": "Enabled", "Filter": {}, **rule}
    check_rules([complete])
    due = due_of_key(read_rules([complete]), versions, AT, day_seconds)
    return due.current, due.version_ids


def test_an_object_expires_after_its_days_and_not_before() -> None:
    rule = {"Expiration": {"Days": 3}}
    assert _due(rule, _version(2.9)) == (False, ())
    assert _due(rule, _version(3)) == (True, ())


def test_days_follow_the_time_scale() -> None:
    assert _due({"Expiration": {"Days": 3}}, _version(0.06), day_seconds=DAY / 60) == (True, ())


@pytest.mark.parametrize(
    ("selection", "is_due"),
    [
        ({"Prefix": "logs/"}, True),
        ({"Prefix": "data/"}, False),
        ({"Tag": {"Key": "keep", "Value": "no"}}, True),
        ({"Tag": {"Key": "keep", "Value": "yes"}}, False),
        ({"ObjectSizeGreaterThan": 9}, True),
        ({"ObjectSizeGreaterThan": 10}, False),
        ({"ObjectSizeLessThan": 10}, False),
        ({"And": {"Prefix": "logs/", "Tags": [{"Key": "keep", "Value": "no"}], "ObjectSizeLessThan": 11}}, True),
        ({"And": {"Prefix": "logs/", "Tags": [{"Key": "keep", "Value": "yes"}]}}, False),
    ],
)
def test_a_rule_is_about_what_its_filter_selects(selection: dict[str, Any], is_due: bool) -> None:
    object_ = _version(5, tags={"keep": "no"}, size=10)
    assert _due({"Filter": selection, "Expiration": {"Days": 1}}, object_) == (is_due, ())


def test_a_date_expires_objects_from_then_on() -> None:
    assert _due({"Expiration": {"Date": "2020-01-01T00:00:00+00:00"}}, _version(0)) == (True, ())
    assert _due({"Expiration": {"Date": "2100-01-01T00:00:00"}}, _version(9)) == (False, ())


def test_old_versions_count_from_when_the_next_one_came() -> None:
    versions = [_version(1, "new"), _version(4, "old"), _version(90, "oldest")]
    rule = {"NoncurrentVersionExpiration": {"NoncurrentDays": 3}}
    assert _due(rule, *versions) == (False, ("oldest",))
    assert _due({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, *versions) == (False, ("old", "oldest"))


def test_a_number_of_old_versions_is_kept() -> None:
    versions = [_version(1, "new"), _version(4, "old"), _version(90, "oldest")]
    rule = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}}
    assert _due(rule, *versions) == (False, ("oldest",))


def test_a_delete_marker_goes_when_nothing_is_left_under_it() -> None:
    rule = {"Expiration": {"ExpiredObjectDeleteMarker": True}}
    marker = _version(0, "marker", is_delete_marker=True)
    assert _due(rule, marker) == (False, ("marker",))
    assert _due(rule, marker, _version(1, "old")) == (False, ())


def test_a_rule_of_days_does_not_delete_what_is_deleted_again() -> None:
    marker = _version(9, "marker", is_delete_marker=True)
    assert _due({"Expiration": {"Days": 1}}, marker, _version(10, "old")) == (False, ())
    assert _due({"Expiration": {"Days": 1}}, marker) == (False, ("marker",))


def test_a_disabled_rule_removes_nothing() -> None:
    assert _due({"Status": "Disabled", "Expiration": {"Days": 1}}, _version(9)) == (False, ())


def test_uploads_are_aborted_by_prefix_and_age() -> None:
    rules = read_rules(
        [
            {
                "Status": "Enabled",
                "Filter": {"Prefix": "up/"},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            }
        ]
    )
    assert is_upload_due(rules, "up/x", AT - DAY, AT, DAY)
    assert not is_upload_due(rules, "up/x", AT - DAY / 2, AT, DAY)
    assert not is_upload_due(rules, "other/x", AT - DAY, AT, DAY)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"Status": "Enabled", "Filter": {}}],
        [{"Status": "Enabled", "Expiration": {"Days": 1}}],
        [{"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 0}}],
        [{"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1, "Date": "2030-01-01T00:00:00"}}],
        [{"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}] * 2,
    ],
)
def test_rules_that_s3_refuses(rules: list[dict[str, Any]]) -> None:
    with pytest.raises(AwsError):
        check_rules(rules)


def test_transitions_are_refused_by_name() -> None:
    rule = {"Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}
    with pytest.raises(NotImplementedHere, match="Transitions"):
        check_rules([rule])
