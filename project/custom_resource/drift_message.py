"""What a person reads when features have drifted."""

from __future__ import annotations

import re
from typing import Any

LONGEST_SUBJECT = 100


def drift_message(pipeline: str, result: dict[str, Any], link: str) -> tuple[str, str]:
    """Subject and text. `result` is what Query Drift returns, with at least one drifted feature; `link` opens its report."""
    drifted = result["DriftedFeatures"]
    names = ", ".join(drift["feature"] for drift in drifted)
    lines = (
        "Requests in production, or the answers to them, are distributed otherwise than for the data that"
        f" the model of {pipeline} was trained on:",
        "",
        *(f"- {drift['feature']}: distance {drift['distance']}, allowed {drift['threshold']}" for drift in drifted),
        *_of_unknown(result["UnknownFeatures"]),
        "",
        f"Since: {result['Since']}, at least; seen last in the requests until {result['Until']}",
        f"Monitoring schedule: {result['MonitoringSchedule']}",
        f"Report: {result['ReportUri']}/report.html",
        f"To open it, within some hours: {link}",
        "",
        f"Whether the pipeline {pipeline} trains anew is decided next; another mail says so, and why or why not.",
    )
    return _subject(f"{pipeline}: drift of {names}"), "\n".join(lines)


def _of_unknown(features: list[dict[str, str]]) -> list[str]:
    if not features:
        return []
    return ["", "Of others nobody can tell:", *(f"- {one['feature']}: {one['reason']}" for one in features)]


def _subject(text: str) -> str:
    """SNS takes ASCII on one line, of fewer than a hundred characters; names of features are free."""
    plain = re.sub(r"[^ -~]", "?", text)
    return plain if len(plain) < LONGEST_SUBJECT else f"{plain[: LONGEST_SUBJECT - 4]}..."
