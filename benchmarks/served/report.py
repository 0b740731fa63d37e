"""What was found, as figures, as a table in Markdown, and as a picture."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks import svg
from benchmarks.served.measuring import Found, Measuring, Turn
from benchmarks.served.wrk import Load

HEAD = ("", "requests/s", "of the bare handler", "p50 ms", "p99 ms", "CPU µs a request", "errors")


def summary(measuring: Measuring) -> dict[str, Any]:
    """By case and contender, and what does not depend on the case; only ratios say something of another machine."""
    bare = measuring.bare.name
    contenders = [one.name for one in measuring.contenders]
    measured = [name for name in contenders if not measuring.found[name].problem]
    cases = {}
    for case in measuring.cases:
        turns = {name: measuring.found[name].turns[case] for name in measured}
        every = [turn for found in measuring.found.values() for turn in found.turns.get(case, [])]
        if every:
            rows = {bare: _row([(turn.bare, turn.bare_cpu_seconds, 1.0) for turn in every])}
            cases[case.name] = {**rows, **{name: _row(_against_bare(turns[name])) for name in measured}}
    return {
        "cases": cases,
        "servers": {name: _server(measuring.found[name]) for name in (bare, *measured)},
        "not measured": {name: measuring.found[name].problem for name in contenders if name not in measured},
    }


def _against_bare(turns: list[Turn]) -> list[tuple[Load, float, float]]:
    return [(turn.load, turn.cpu_seconds, turn.load.rate / turn.bare.rate) for turn in turns]


def _row(loads: list[tuple[Load, float, float]]) -> dict[str, Any]:
    ratios = [ratio for _, _, ratio in loads]
    return {
        "requests_per_second": round(statistics.median(load.rate for load, _, _ in loads)),
        "of_bare": round(statistics.median(ratios), 4),
        "of_bare_least": round(min(ratios), 4),
        "of_bare_greatest": round(max(ratios), 4),
        "p50_ms": round(statistics.median(load.p50_ms for load, _, _ in loads), 2),
        "p99_ms": round(statistics.median(load.p99_ms for load, _, _ in loads), 2),
        "cpu_us_per_request": round(
            statistics.median(cpu_seconds / max(1, load.requests) for load, cpu_seconds, _ in loads) * 1e6
        ),
        "requests": sum(load.requests for load, _, _ in loads),
        "errors": sum(load.errors for load, _, _ in loads),
    }


def _server(found: Found) -> dict[str, Any]:
    captured = {"answered": sum(found.answered), "captured": sum(found.captured)} if found.captured else {}
    return {
        "start_seconds": round(statistics.median(found.start_seconds), 2),
        "megabytes": round(statistics.median(found.megabytes)),
        **captured,
    }


def markdown(found: dict[str, Any]) -> str:
    parts = []
    for case, rows in found["cases"].items():
        parts += ["", f"### {case}", "", _line(HEAD), _line(["---", *["---:"] * (len(HEAD) - 1)])]
        parts += [_line([name, *_cells(row)]) for name, row in rows.items()]
    parts += ["", "### servers", "", _line(("", "start s", "memory MB")), _line(["---", "---:", "---:"])]
    for name, server in found["servers"].items():
        parts.append(_line([name, f"{server['start_seconds']:.1f}", f"{server['megabytes']}"]))
    for name, server in found["servers"].items():
        if "captured" in server:
            parts += ["", f"{name}: {server['answered']:,} invocations answered, {server['captured']:,} captured."]
    parts += [f"\nNot measured: {name}: {problem}" for name, problem in found["not measured"].items()]
    return "\n".join(parts).lstrip("\n") + "\n"


def _cells(row: dict[str, Any]) -> list[str]:
    spread = f" ({row['of_bare_least']:.2f} to {row['of_bare_greatest']:.2f})"
    ratio = f"{row['of_bare']:.3f}" + (spread if row["of_bare_greatest"] > row["of_bare_least"] else "")
    return [
        f"{row['requests_per_second']:,}",
        ratio,
        f"{row['p50_ms']:.2f}",
        f"{row['p99_ms']:.2f}",
        f"{row['cpu_us_per_request']:,}",
        f"{row['errors']}",
    ]


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


# ---------------------------------------------------------------------- the picture
WIDTH, NAMES, BARS, BAR, GAP = 760, 220, 460, 12, 28
OURS, THEIRS = "#2166ac", "#bbbbbb"


def picture(found: dict[str, Any]) -> str:
    """Bars of requests a second against the bare handler's, a block for each case, as SVG."""
    parts, level = [], 20
    for case, rows in found["cases"].items():
        parts.append(svg.text(10, level, f"{case}: requests/s, the bare handler is 1", size=14))
        level += 12
        for name, row in rows.items():
            length = BARS * min(1.0, row["of_bare"])
            colour = OURS if name.startswith("our ") else THEIRS
            words = f"{row['of_bare']:.3f}, p99 {row['p99_ms']:.1f} ms"
            parts += [
                svg.text(NAMES - 8, level + 10, name, "end"),
                f'<rect x="{NAMES}" y="{level}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
                svg.text(NAMES + length + 6, level + 10, words),
            ]
            level += BAR + 6
        level += GAP
    return svg.document(WIDTH + 60, level, parts, font_size=11)
