"""Whoever is asked to approve reads how the model stands; what was not compared is not asked about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from check import CheckError
from tell_evidence import LONGEST, evidence_words, tell_evidence

from tests.aws.clients import scripted

EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:mls-demo:mls-flights-b"
GATE = {"Metric": "auc", "Comparison": "GreaterThan", "Threshold": 0.7, "Value": 0.81234}
CHAMPION = {"TrainingJobName": "mls-flights-a", "Value": 0.8, "Measured": "x of 9 rows", "Reason": "no column 'temp'"}
TOLD = "auc is 0.8123; the gate asks for GreaterThan 0.7. "


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("no champion", "There is no champion to compare it with."),
        ("not worse", "The champion mls-flights-a has 0.8 on the same test set."),
        ("unreadable", "could not be evaluated on the test set, which the settings let pass: no column 'temp'"),
        ("not comparable", "The champion mls-flights-a has 0.8, measured by x of 9 rows, which cannot be compared."),
    ],
)
def test_the_figures_of_both_are_told_and_what_could_not_be_compared(verdict: str, words: str) -> None:
    told = evidence_words({"Gate": GATE, "Champion": {**CHAMPION, "Verdict": verdict}}, EXECUTION)
    assert told.startswith(TOLD) and told.endswith(words)


def test_a_long_reason_leaves_room_for_the_question() -> None:
    champion = {**CHAMPION, "Verdict": "unreadable", "Reason": "x" * 9999}
    assert len(evidence_words({"Gate": GATE, "Champion": champion}, EXECUTION)) == LONGEST


@pytest.mark.parametrize("output", [{}, {"Gate": GATE}, {"Gate": GATE, "Champion": {"Verdict": "worse"}}])
def test_without_its_evidence_nobody_is_asked(output: dict[str, Any]) -> None:
    with scripted("stepfunctions") as stepfunctions:
        answer: dict[str, Any] = {"executionArn": EXECUTION, "stateMachineArn": EXECUTION, "status": "SUCCEEDED"}
        answer |= {"startDate": 0, "output": json.dumps(output)}
        stepfunctions.answers("describe_execution", answer, {"executionArn": EXECUTION})
        with pytest.raises(CheckError, match="does not say how the model was compared"):
            tell_evidence(stepfunctions.client, EXECUTION)


def test_what_is_no_execution_is_refused() -> None:
    with scripted("stepfunctions") as stepfunctions, pytest.raises(CheckError, match="is no execution"):
        tell_evidence(stepfunctions.client, "")
