"""What a person reads of a decision."""

from __future__ import annotations

import re
from typing import Any

LONGEST_SUBJECT = 100
FIGURES = ("PipelineExecutionId", "DataVersionId", "DataUri", "Endpoint", "Id")


def decision_message(pipeline: str, decision: dict[str, Any]) -> tuple[str, str]:
    """Subject and text."""
    cause, reason = decision["Trigger"], decision["Reason"]
    words = f"retraining {decision['Decision']} ({cause}): {reason}"
    lines = (
        f"Trigger: {cause}, at {decision['Time']}",
        f"Decision: {decision['Decision']}",
        f"Reason: {reason}",
        "",
        *(f"{name}: {decision[name]}" for name in FIGURES if decision.get(name)),
        "",
        "All decisions: mlsystem history --retraining",
    )
    return _subject(f"{pipeline}: {words}"), "\n".join(lines)


def _subject(text: str) -> str:
    """SNS takes ASCII on one line, of fewer than a hundred characters; names are free."""
    plain = re.sub(r"[^ -~]", "?", text)
    return plain if len(plain) < LONGEST_SUBJECT else f"{plain[: LONGEST_SUBJECT - 4]}..."
