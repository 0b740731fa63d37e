"""docs/speed.md: its figures are those that were measured."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "speed.md").read_text()
RESULTS = ROOT / "benchmarks" / "results"
SERVING: dict[str, Any] = json.loads((RESULTS / "serving.json").read_text())
COSTS: dict[str, Any] = json.loads((RESULTS / "request_costs.json").read_text())
PROFILES: dict[str, Any] = json.loads((RESULTS / "profiles.json").read_text())
SHORT_OF_BARE = 0.6


def table(title: str) -> tuple[list[str], dict[str, list[str]]]:
    """The first one behind a heading: its head, and its rows by their first cell."""
    lines = re.findall(r"^\|(.*)\|$", PAGE[PAGE.index(f"## {title}\n") :].partition("\n## ")[0], re.MULTILINE)
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return head[1:], {name: cells for name, *cells in rows}


def test_the_ratios_are_those_of_the_committed_run() -> None:
    head, told = table("Predictions")
    cases = SERVING["cases"]
    assert len(head) == len(cases) + 1
    assert SERVING["not measured"] == {}
    first = next(iter(cases.values()))
    assert told == {
        name: [*(f"{rows[name]['of_bare']:.2f}" for rows in cases.values()), f"{first[name]['p99_ms']:.1f}"]
        for name in first
    }


def test_every_answer_was_right_and_every_one_captured() -> None:
    assert all(row["errors"] == 0 for rows in SERVING["cases"].values() for row in rows.values())
    captured = SERVING["servers"]["our endpoint, all captured"]
    assert captured["captured"] >= captured["answered"] > 0


def test_a_requests_costs_are_those_that_were_measured() -> None:
    head, told = table("Where a request goes")
    assert list(told) == list(COSTS)
    for name, cells in told.items():
        found = {part: row["program"] + row["kernel"] for part, row in COSTS[name].items()}
        found["function and its host"] = found.pop("function", 0) + found.pop("function host", 0)
        found["shims"] = found.pop("shims and sandboxes", 0)
        assert {part: int(cell.replace(",", "") or 0) for part, cell in zip(head, cells, strict=True)} == {
            part: found.get(part, 0) for part in head
        }
        assert {part for part, spent in found.items() if spent} <= {*head}


def test_the_profiles_are_those_that_were_made() -> None:
    page = PAGE[PAGE.index("## Profiles") :].partition("\n## ")[0]
    told = re.findall(r"^\| `(.*)` \| (\d+) \|", page, re.MULTILINE)
    counts = PROFILES["instructions of a request"]["library"]
    assert told == [(name, str(round(count / 1000))) for name, count in list(counts.items())[: len(told)]]
    assert len(told) == 5
    rows = re.findall(r"^\| (our [^|:]*): ([^|]*) \| (.*%) \|$", page, re.MULTILINE)
    assert len(rows) == 5
    for contender, part, cell in rows:
        shares = list(PROFILES["sampled"][contender][part].items())[:3]
        told_shares = ", ".join(f"{name.partition(' (')[0]} {share * 100:.0f} %" for name, share in shares)
        assert cell.replace("`", "") == told_shares


# Where the output of each benchmark has what the page says was found.
FOUND = {
    "engine_start": r"fresh folder, ready +([\d.]+)",
    "control_plane": r"at rest: ([\d.]+)% .*, (\d+) MB|^all +\d+ +[\d.]+ +([\d.]+)$",
    "objects": r"listed in ([\d.]+) s|^(?:up|down)load +\d+ +([\d.]+)$|^copy +(\d+)",
    "instance_start": r"program alone: ([\d.]+) s",
    "pipeline_overhead": r"all stages together .* ([\d.]+)  aim",
    "odd_loads": r"many requests +(\d+) +(\d+)$|engine +([\d.]+) MB before, ([\d.]+) MB after",
    "console_pages": r"^/(?!logs/text).* ([\d.]+)  [\d.]+ x$",
}


def test_what_was_found_is_what_the_benchmarks_printed() -> None:
    _, told = table("Everything else")
    found: dict[str, set[str]] = {}
    for name, pattern in FOUND.items():
        printed = re.finditer(pattern, (RESULTS / f"{name}.txt").read_text(), re.MULTILINE)
        found[name] = {value for match in printed for value in match.groups() if value}
    found["console_pages"] = {str(max(map(float, found["console_pages"])))}
    said: dict[str, set[str]] = {name: set() for name in FOUND}
    for _, cell, command in told.values():
        name = command.removeprefix("`benchmarks/").removesuffix(".py`")
        said[name] |= set(re.findall(r"\d+(?:\.\d+)?", cell.replace("MiB/s", "")))
    assert said == found


def test_why_the_endpoint_is_short_of_its_aim_is_reckoned_right() -> None:
    """The bare handler and its load, by the least that our container, an Envoy without filters, and the load take."""
    reckoned = re.search(r"`\((\d+) \+ (\d+)\) / \((\d+) \+ (\d+) \+ (\d+)\)` is ([\d.]+)", PAGE)
    assert reckoned
    bare, bare_load, server, envoy, load, ratio = map(float, reckoned.groups())
    costs = {name: {part: sum(row.values()) for part, row in parts.items()} for name, parts in COSTS.items()}
    handler = costs["bare handler"]
    assert (bare, bare_load) == (handler["model server"], handler["load generator"])
    assert (server, load) == (costs["our container, as behind our door"]["model server"], bare_load)
    assert envoy < costs["our endpoint"]["front door"]
    assert round((bare + bare_load) / (server + envoy + load), 2) == ratio < SHORT_OF_BARE
