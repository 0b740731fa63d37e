"""What a person reads who is to approve: CodePipeline gives SNS a text beside the JSON document for programs. Pure.

AWS's link to its console is left out; what decides instead is named.
"""

from __future__ import annotations

from collections.abc import Mapping


def approval_mail(region: str, approval: Mapping[str, str | None]) -> str:
    """`approval` is that member of the document."""
    details = [f"Approve or reject: aws codepipeline put-approval-result --token {approval['token']}"]
    if approval["externalEntityLink"]:
        details.append(f"Content to review: {approval['externalEntityLink']}")
    if approval["customData"]:
        details.append(f"Additional information: {approval['customData']}")
    return "\n".join(
        (
            "Hello,",
            "",
            "The following Approval action is waiting for your response:",
            "",
            "--Pipeline Details--",
            "",
            f"Pipeline name: {approval['pipelineName']}",
            f"Stage name: {approval['stageName']}",
            f"Action name: {approval['actionName']}",
            f"Region: {region}",
            "",
            "--Approval Details--",
            "",
            *details,
        )
    )
