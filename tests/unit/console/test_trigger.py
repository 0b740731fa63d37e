"""Whoever looks at an execution reads why it began, and who began it."""

from __future__ import annotations

import pytest

from mlsystem.console.trigger import trigger_words

ROLE = "arn:aws:sts::123456789012:assumed-role"


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("CloudWatchEvent", "arn:aws:events:us-east-1:123456789012:rule/mls-demo-commit", "New commit"),
        ("CloudWatchEvent", "arn:aws:events:us-east-1:123456789012:rule/mls-demo-data", "New data"),
        ("CloudWatchEvent", "arn:aws:events:us-east-1:123456789012:rule/nightly", "Rule nightly"),
        ("CreatePipeline", "", "The pipeline was made"),
        ("StartPipelineExecution", "arn:aws:iam::123456789012:root", "Started by the account's owner"),
        ("StartPipelineExecution", f"{ROLE}/admin/ada", "Started by ada"),
        ("StartPipelineExecution", f"{ROLE}/mls-demo-retrain-us-east-1/x", "Retraining"),
        ("ManualRollback", "arn:aws:iam::123456789012:user/ada", "Rolled back by ada"),
        ("AutomatedRollback", "12345678-aaaa", "Rolled back by itself: 12345678 failed"),
        ("SomethingNew", "", "SomethingNew"),
    ],
)
def test_a_trigger_is_told_in_words(kind: str, detail: str, words: str) -> None:
    assert trigger_words(kind, detail, "mls-demo") == words
