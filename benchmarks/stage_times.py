"""Writes the table "How long a run takes" of docs/components.md from docs/stage-times.json, which the demo writes.

python benchmarks/stage_times.py       `make stage-times` runs the demo first
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
TIMES, PAGE = DOCS / "stage-times.json", DOCS / "components.md"
BEGIN = "<!-- `make stage-times` writes what follows -->\n"
END = "<!-- up to here -->\n"


def section(times: Mapping[str, Any]) -> str:
    """The sentence and the table, in Markdown."""
    executions = times["executions"]
    rows = [
        f"| {_title(stage, times)} | {' | '.join(_seconds(found[stage]) for found in executions)} |"
        for stage in executions[0]
    ]
    return "\n".join(
        [
            f"Of one run of the demo (`make demo`) on {times['cores']} cores, at time scale {times['time_scale']:g}; "
            "the first execution builds the images, a commit starts the second, and drift the third.",
            "",
            "| step | first execution | second execution | third execution |",
            "|---|---|---|---|",
            *rows,
            f"| all of the demo, from starting the engine | | | {_seconds(times['all_seconds'])} |",
            "",
        ]
    )


def with_section(page: str, text: str) -> str:
    """The page with this section in the old one's place."""
    head, _, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    assert end, f"the page has no lines {BEGIN!r} and {END!r}"
    return f"{head}{BEGIN}\n{text}\n{END}{tail}"


def _title(stage: str, times: Mapping[str, Any]) -> str:
    match stage:
        case "DeployDev":
            return "DeployDev, without the person"
        case "DeployPrd":
            return f"DeployPrd, with {times['canary_seconds']:g} s of canary but for the first"
        case _:
            return stage


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


def main() -> None:
    PAGE.write_text(with_section(PAGE.read_text(), section(json.loads(TIMES.read_text()))))


if __name__ == "__main__":
    main()
