"""The very requests of a check are looked for in what was captured since the deployment began, and nothing else counts."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from captured_requests import (
    CAPTURE_SECONDS,
    FIRST_POLL_SECONDS,
    LONGEST_POLL_SECONDS,
    Wanted,
    probes_needed,
    require_captured,
)
from check import CheckError, Clock

from tests.aws.clients import ScriptedClient, body, scripted

ENDPOINT = "mls-flights-1-prd"
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
PREFIX = f"mls-demo/capture/{ENDPOINT}/"
MINE, OTHER = "check-d-1-version-0", "check-d-1-alias-0"


class ManualClock:
    """A clock that moves only when something sleeps."""

    def __init__(self) -> None:
        self.seconds = START.timestamp() + 60
        self.pauses: list[float] = []
        self.clock = Clock(lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.pauses.append(seconds)


def look(s3: ScriptedClient, *ids: str, least: int = 1) -> ManualClock:
    clock = ManualClock()
    wanted = Wanted(ids, least, START.timestamp())
    require_captured(s3.client, "s3://artifacts/mls-demo/capture/", ENDPOINT, wanted, clock.clock)
    return clock


def captured(s3: ScriptedClient, *ids: str) -> None:
    lines = [json.dumps({"captureData": {}, "eventMetadata": {"inferenceId": each} if each else {}}) for each in ids]
    s3.answers("get_object", {"Body": body("\n".join([*lines, ""]).encode())})


def listed(s3: ScriptedClient, *keys: str, at: datetime = START) -> None:
    s3.answers(
        "list_objects_v2",
        {"Contents": [{"Key": PREFIX + key, "LastModified": at} for key in keys]},
        {"Bucket": "artifacts", "Prefix": PREFIX},
    )


@pytest.mark.parametrize(("percent", "count"), [(100, 1), (99, 3), (50, 20), (1, 1375)])
def test_enough_requests_are_sent_that_one_is_captured(percent: float, count: int) -> None:
    assert probes_needed(percent) == count
    assert (1 - percent / 100) ** count <= 1.001e-6


def test_the_very_request_is_waited_for_and_no_file_is_read_twice() -> None:
    with scripted("s3") as s3:
        listed(s3)
        listed(s3, "1.jsonl")
        captured(s3, "somebody-else", "", "check-d-2-alias-0")
        listed(s3, "1.jsonl", "2.jsonl")
        captured(s3, MINE)
        assert len(look(s3, MINE).pauses) == 2


def test_it_looks_often_at_first_and_then_more_and_more_rarely() -> None:
    with scripted("s3") as s3:
        for _ in range(20):
            listed(s3)
        listed(s3, "1.jsonl")
        captured(s3, MINE)
        pauses = look(s3, MINE).pauses
    assert (pauses[0], pauses[-1]) == (FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS)
    assert pauses == sorted(pauses)


def test_one_of_several_sampled_requests_is_enough_where_one_is_asked_for() -> None:
    with scripted("s3") as s3:
        listed(s3, "1.jsonl", "2.jsonl")
        captured(s3, OTHER)
        look(s3, MINE, OTHER)


def test_where_all_are_asked_for_those_of_several_files_count_together() -> None:
    with scripted("s3") as s3:
        listed(s3, "1.jsonl", "2.jsonl")
        captured(s3, OTHER)
        captured(s3, MINE)
        look(s3, MINE, OTHER, least=2)


def test_what_is_missing_is_told_by_its_ids_and_files_from_before_prove_nothing() -> None:
    looks = 0
    with scripted("s3") as s3:
        pause, waited = FIRST_POLL_SECONDS, 0.0
        while waited <= CAPTURE_SECONDS:
            waited, pause, looks = waited + pause, min(pause * 1.25, LONGEST_POLL_SECONDS), looks + 1
        listed(s3, "1.jsonl")
        captured(s3, OTHER)
        for _ in range(looks):
            listed(s3, "old.jsonl", at=START - timedelta(seconds=10))
        with pytest.raises(
            CheckError,
            match=f"{PREFIX}: 1 of 2 requests were captured within 600 s, at least 2 must be; missing are {MINE}; 1 files",
        ):
            look(s3, MINE, OTHER, least=2)


@pytest.mark.parametrize("line", ['{"inferenceId": "check-d-1', '["check-d-1"]', '{"eventMetadata": "check-d-1 "}'])
def test_a_captured_request_that_cannot_be_read_fails_the_check(line: str) -> None:
    with scripted("s3") as s3:
        listed(s3, "1.jsonl")
        s3.answers("get_object", {"Body": body(f'{line} "check-'.encode())})
        with pytest.raises(CheckError, match=r"1.jsonl: a captured request cannot be read \(\w+: "):
            look(s3, MINE)
