"""The mail of an approval says what waits, where, and for what reason."""

from __future__ import annotations

from mlsystem.engine.services.codepipeline.approval_mail import approval_mail

APPROVAL = {"pipelineName": "line", "stageName": "Release", "actionName": "Approve", "token": "t-1"}


def test_it_names_the_action_that_waits_and_how_to_decide() -> None:
    text = approval_mail("us-east-1", {**APPROVAL, "customData": "Try it.", "externalEntityLink": "https://x/notes"})
    assert "Pipeline name: line\nStage name: Release\nAction name: Approve\nRegion: us-east-1\n" in text
    assert text.endswith(
        "Approve or reject: aws codepipeline put-approval-result --token t-1\n"
        "Content to review: https://x/notes\n"
        "Additional information: Try it."
    )


def test_what_is_not_given_has_no_line() -> None:
    text = approval_mail("us-east-1", {**APPROVAL, "customData": "", "externalEntityLink": None})
    assert text.endswith("--token t-1")
