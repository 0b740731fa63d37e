"""Captures find their ground truth by id, whatever the order; what finds no partner is counted."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.ground_truth.merging import Merge, write_merged
from mlsystem.monitor.unreadable import UnreadableTally
from tests.unit.monitor.ground_truth.made import capture, truth, write_lines


def merged(folder: Path, captures: list[str], truths: list[str]) -> tuple[list[tuple[object, object]], dict[str, int]]:
    """(answer, ground truth) of each merged record, and the counts that are not 0."""
    tally = UnreadableTally()
    merge = Merge(
        [write_lines(folder / "captures.jsonl", captures)], [write_lines(folder / "truths.jsonl", truths)], tally
    )
    records = [found.record for found in merge.records()]
    pairs = [(r["captureData"]["endpointOutput"]["data"], r["groundTruthData"]["data"]) for r in records]  # type: ignore[index]
    counts = {name: count for name, count in asdict(merge.counts).items() if count}
    return pairs, counts | ({"unreadable": tally.count} if tally.count else {})


def test_the_callers_id_wins_over_the_event_id(tmp_path: Path) -> None:
    captures = [capture("e1", "0.1", inference_id="order-7"), capture("e2", "0.2")]
    truths = [truth("e1", "not mine"), truth("order-7", "1"), truth("e2", "0")]
    assert merged(tmp_path, captures, truths) == (
        [("0.1", "1"), ("0.2", "0")],
        {"captures": 2, "merged": 2, "ground_truths": 3, "ground_truths_without_capture": 1},
    )


def test_of_what_is_repeated_the_last_one_counts(tmp_path: Path) -> None:
    captures = [capture("e1", "0.1"), capture("e2", "0.2"), capture("e1", "0.3")]
    truths = [truth("e1", "0"), truth("e2", "0"), truth("e1", "1")]
    assert merged(tmp_path, captures, truths) == (
        [("0.2", "0"), ("0.3", "1")],
        {"captures": 3, "merged": 2, "repeated_captures": 1, "ground_truths": 3, "repeated_ground_truths": 1},
    )


def test_what_waits_for_its_partner_is_counted(tmp_path: Path) -> None:
    pairs, counts = merged(tmp_path, [capture("e1", "0.1"), capture("e2", "0.2")], [truth("e2", "1"), truth("e9", "1")])
    assert pairs == [("0.2", "1")]
    assert (counts["captures_without_ground_truth"], counts["ground_truths_without_capture"]) == (1, 1)


def test_a_shadow_variant_answers_nobody(tmp_path: Path) -> None:
    captures = [capture("e1", "0.1", invocationSource="ShadowExperiment"), capture("e1", "0.2")]
    pairs, counts = merged(tmp_path, captures, [truth("e1", "1")])
    assert pairs == [("0.2", "1")]
    assert (counts["shadow_captures"], counts["captures"], counts.get("repeated_captures")) == (1, 1, None)


@pytest.mark.parametrize(
    ("captures", "truths", "fault"),
    [
        (["{"], [], "captures.jsonl:1: not a line of JSON"),
        (["7"], [], "captures.jsonl:1: not a JSON object"),
        (['{"captureData": 1}'], [], "captures.jsonl:1: not a captured invocation"),
        (['{"captureData": {}}'], [], "captures.jsonl:1: the capture has neither an inferenceId nor an eventId"),
        ([], ["["], "truths.jsonl:1: not a line of JSON"),
        ([], ['{"groundTruthData": {"data": "1"}}'], "truths.jsonl:1: the ground truth has no eventId"),
        (
            [],
            ['{"eventMetadata": {"eventId": "e"}, "groundTruthData": {"data": 1}}'],
            "truths.jsonl:1: no ground truth",
        ),
    ],
)
def test_what_cannot_be_read_is_named_once_and_the_rest_is_merged(
    tmp_path: Path, captures: list[str], truths: list[str], fault: str
) -> None:
    tally = UnreadableTally()
    files = [write_lines(tmp_path / "captures.jsonl", [*captures, capture("e1", "0.1")])]
    merge = Merge(files, [write_lines(tmp_path / "truths.jsonl", [*truths, truth("e1", "1")])], tally)
    assert len(list(merge.records())) == 1
    (example,) = tally.result().examples
    assert fault in example


IDS = st.text(max_size=3)


@settings(max_examples=25, deadline=None)
@given(st.lists(IDS, max_size=12), st.lists(IDS, max_size=12))
def test_every_record_is_counted_and_every_pair_found(
    tmp_path_factory: object, asked: list[str], known: list[str]
) -> None:
    assert isinstance(tmp_path_factory, pytest.TempPathFactory)
    folder = tmp_path_factory.mktemp("merge")
    captures = [capture(each, str(place)) for place, each in enumerate(asked)]
    truths = [truth(each, str(place)) for place, each in enumerate(known)]
    pairs, counts = merged(folder, captures, truths)
    last_asked = {each: str(place) for place, each in enumerate(asked) if each}
    last_known = {each: str(place) for place, each in enumerate(known) if each}
    both = sorted(last_asked.keys() & last_known.keys(), key=lambda each: int(last_asked[each]))
    assert pairs == [(last_asked[each], last_known[each]) for each in both]
    assert counts.get("unreadable", 0) == asked.count("") + known.count("")
    assert counts.get("repeated_captures", 0) == len(asked) - asked.count("") - len(last_asked)
    assert counts.get("captures_without_ground_truth", 0) == len(last_asked) - len(both)
    assert counts.get("ground_truths_without_capture", 0) == len(last_known) - len(both)


def test_an_id_may_hold_half_a_character(tmp_path: Path) -> None:
    assert merged(tmp_path, [capture("\ud800", "0.1")], [truth("\ud800", "1")])[0] == [("0.1", "1")]


def test_merged_records_are_written_where_their_captures_stand_hour_by_hour(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    hours = [root / "e" / "AllTraffic" / "2026" / "11" / "24" / hour / "00-00-000-1.jsonl" for hour in ("01", "02")]
    for hour, path in enumerate(hours):
        write_lines(path, [capture(f"e{hour}", "0.5\n"), capture(f"x{hour}", "0.5\n")])
    truths = write_lines(tmp_path / "truths.jsonl", [truth("e1", "1"), truth("e0", "0")])
    write_merged(Merge(hours, [truths], UnreadableTally()), root, out)
    assert [path.relative_to(out) for path in sorted(out.rglob("*.jsonl"))] == [
        path.relative_to(root) for path in hours
    ]
    record = json.loads((out / hours[0].relative_to(root)).read_text())
    assert list(record) == ["captureData", "groundTruthData", "eventMetadata", "eventVersion"]
    assert record["groundTruthData"] == {"data": "0", "encoding": "CSV"}
    assert record["captureData"]["endpointOutput"]["data"] == "0.5\n"
    assert record["eventMetadata"]["eventId"] == "e0"
