"""Versions of a secret, their labels, and how a secret is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import CancelTimer, Event, SetTimer
from mlsystem.engine.services.secretsmanager.filters import matches
from mlsystem.engine.services.secretsmanager.secret import (
    MOST_VERSIONS,
    SECONDS_A_DAY,
    Secret,
    SecretMachine,
    SecretState,
    SecretVersion,
    find_version,
    move_stages,
    with_version,
)


def _version(version_id: str, *stages: str) -> SecretVersion:
    return SecretVersion(id=version_id, stages=stages, is_binary=False, sealed_hex="", data_key_hex="", created_at=0.0)


def _labels(versions: tuple[SecretVersion, ...]) -> dict[str, tuple[str, ...]]:
    return {version.id: version.stages for version in versions}


def _secret(*versions: SecretVersion, **values: Any) -> Secret:
    return Secret(key="db/password", state=SecretState.ACTIVE, arn="arn", versions=versions, **values)


def test_the_newest_value_is_current_and_the_one_before_it_previous() -> None:
    versions = with_version((), _version("1"), ["AWSCURRENT"])
    versions = with_version(versions, _version("2"), ["AWSCURRENT"])
    versions = with_version(versions, _version("3"), ["AWSCURRENT"])
    assert _labels(versions) == {"1": (), "2": ("AWSPREVIOUS",), "3": ("AWSCURRENT",)}


def test_the_first_value_is_current_whatever_label_it_was_given() -> None:
    assert _labels(with_version((), _version("1"), ["blue"])) == {"1": ("blue", "AWSCURRENT")}


def test_a_value_with_a_label_of_its_own_leaves_the_current_one_alone() -> None:
    versions = with_version((_version("1", "AWSCURRENT"),), _version("2"), ["AWSPENDING"])
    assert _labels(versions) == {"1": ("AWSCURRENT",), "2": ("AWSPENDING",)}


def test_moving_the_current_label_back_swaps_current_and_previous() -> None:
    versions = move_stages((_version("1", "AWSPREVIOUS"), _version("2", "AWSCURRENT")), ["AWSCURRENT"], "1")
    assert _labels(versions) == {"1": ("AWSCURRENT",), "2": ("AWSPREVIOUS",)}


def test_versions_without_labels_are_dropped_at_last() -> None:
    versions: tuple[SecretVersion, ...] = (_version("kept", "blue"),)
    for number in range(MOST_VERSIONS + 5):
        versions = with_version(versions, _version(str(number)), ["AWSCURRENT"])
    assert len(versions) == MOST_VERSIONS
    assert versions[0].id == "kept"
    assert versions[1].id == "6"


@pytest.mark.parametrize(
    ("version_id", "stage", "wanted"),
    [(None, None, "2"), (None, "AWSPREVIOUS", "1"), ("1", None, "1"), ("1", "AWSPREVIOUS", "1")],
)
def test_a_version_is_found_by_id_or_label(version_id: str | None, stage: str | None, wanted: str) -> None:
    secret = _secret(_version("1", "AWSPREVIOUS"), _version("2", "AWSCURRENT"))
    assert find_version(secret, version_id, stage).id == wanted


@pytest.mark.parametrize(
    ("version_id", "stage", "code"),
    [
        ("9", None, "ResourceNotFoundException"),
        (None, "blue", "ResourceNotFoundException"),
        ("1", "AWSCURRENT", "InvalidRequestException"),
    ],
)
def test_a_version_that_is_not_there_is_named(version_id: str | None, stage: str | None, code: str) -> None:
    secret = _secret(_version("1", "AWSPREVIOUS"), _version("2", "AWSCURRENT"))
    with pytest.raises(AwsError) as error:
        find_version(secret, version_id, stage)
    assert error.value.code == code


def test_a_deleted_secret_is_gone_after_its_window_unless_it_is_restored() -> None:
    machine = SecretMachine()
    step = machine.advance(_secret(), Event("delete", {"days": 7, "gone_at": 900.0}), 100.0)
    marked = step.record
    assert marked is not None
    assert (marked.state, marked.deleted_at, marked.gone_at) == (SecretState.DELETED, 100.0, 900.0)
    assert step.timers == (SetTimer("delete", after_seconds=7 * SECONDS_A_DAY),)
    assert machine.advance(marked, Event("timer", {"timer": "delete"}), 900.0).record is None
    restored = machine.advance(marked, Event("restore"), 200.0)
    assert restored.record is not None
    assert restored.record.state == SecretState.ACTIVE
    assert restored.timers == (CancelTimer("delete"),)
    assert machine.advance(restored.record, Event("timer", {"timer": "delete"}), 900.0).record == restored.record


@pytest.mark.parametrize(
    ("filter_", "is_match"),
    [
        ({"Key": "name", "Values": ["db/"]}, True),
        ({"Key": "name", "Values": ["DB/"]}, False),
        ({"Key": "name", "Values": ["!db/"]}, False),
        ({"Key": "description", "Values": ["THE"]}, True),
        ({"Key": "tag-key", "Values": ["team"]}, True),
        ({"Key": "tag-value", "Values": ["green", "blue"]}, True),
        ({"Key": "all", "Values": ["Blue"]}, True),
        ({"Key": "all", "Values": ["nothing"]}, False),
    ],
)
def test_secrets_are_filtered_by_prefixes(filter_: dict[str, Any], is_match: bool) -> None:
    secret = _secret(description="The password", tags={"team": "blue"})
    assert matches(secret, [filter_]) is is_match
    assert matches(secret, []) is True
