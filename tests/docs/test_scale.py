"""docs/scale.md: its figures are those that were measured, and the settings and quotas that it names are the system's."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from mlsystem.client.preflight.quotas import needed
from tests.docs.documents import ROOT, spans

PAGE = ROOT / "docs" / "scale.md"
MEASURED: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results" / "growth.json").read_text())["growth"]
SETTINGS: dict[str, Any] = yaml.safe_load((ROOT / "project" / "mlsystem.yaml").read_text())
# Part, what was measured and its unit, and twice a size with its value.
FIGURES = re.compile(r"^\| (\w+) \| ([^|]+) \| ([\d,]+): ([\d,.]+) \| ([\d,]+): ([\d,.]+) \|$", re.MULTILINE)


def test_every_figure_is_one_that_was_measured() -> None:
    told = FIGURES.findall(PAGE.read_text())
    assert {part for part, *_ in told} == set(MEASURED)
    for part, name, *figures in told:
        points = MEASURED[part]["points"]
        units = {f"{one}, {q['unit']}" if q["unit"] else one: one for one, q in MEASURED[part]["quantities"].items()}
        first, before, last, after = (float(figure.replace(",", "")) for figure in figures)
        assert [int(first), int(last)] == [min(map(int, points)), max(map(int, points))]
        assert [before, after] == [points[str(int(size))][units[name.strip()]] for size in (first, last)]


def test_what_grows_otherwise_than_it_ought_to_is_on_the_page() -> None:
    told = {(part, name.rsplit(", ", 1)[0]) for part, name, *_ in FIGURES.findall(PAGE.read_text())}
    found = {
        (part, name)
        for part, measured in MEASURED.items()
        for words in measured["findings"]
        for name in measured["quantities"]
        if words.startswith(f"{name} of ")
    }
    assert found - told == set()


def test_every_setting_that_is_named_exists() -> None:
    named = [span for span in spans(PAGE) if re.fullmatch(r"[a-z_]+(?:\.[a-z_]+)+", span)]
    named = [name for name in named if name.partition(".")[0] in SETTINGS]
    assert len(named) > 10
    for name in named:
        place = SETTINGS
        for key in name.split("."):
            assert key in place, name
            place = place[key]


def test_the_quotas_of_machines_are_named_as_plan_asks_for_them() -> None:
    quoted = set(re.findall(r'"(ml\.[^"]+)"', PAGE.read_text()))
    assert quoted
    assert quoted - set(needed(SETTINGS)) == set()
