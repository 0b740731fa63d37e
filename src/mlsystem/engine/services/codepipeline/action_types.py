"""ListActionTypes: the actions that a pipeline may have here.

Numbers of artifacts: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-action-artifacts.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.services.codepipeline.pipelines import PAGES, PROVIDERS

if TYPE_CHECKING:
    from types_boto3_codepipeline.type_defs import ListActionTypesInputTypeDef

# Least and most: inputs, outputs.
ARTIFACTS = {
    "CodeCommit": ((0, 0), (1, 1)),
    "S3": ((0, 0), (1, 1)),
    "CodeBuild": ((1, 5), (0, 5)),
    "CloudFormation": ((0, 10), (0, 1)),
    "StepFunctions": ((0, 1), (0, 1)),
    "Lambda": ((0, 5), (0, 5)),
    "Manual": ((0, 0), (0, 0)),
}


class ActionTypes(Part):
    """One operation. Nobody has made types of their own here."""

    @operation("ListActionTypes", accepts="actionOwnerFilter nextToken regionFilter")
    def list_types(self, request: ListActionTypesInputTypeDef, call: Call) -> Mapping[str, object]:
        is_wanted = request.get("actionOwnerFilter", "AWS") == "AWS"
        kinds = sorted(PROVIDERS) if is_wanted else []
        return PAGES.page(kinds, request, "actionTypes", lambda kind: kind, lambda kind: _told(*kind))


def _told(category: str, provider: str) -> dict[str, object]:
    inputs, outputs = ARTIFACTS[provider]
    return {
        "id": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "inputArtifactDetails": {"minimumCount": inputs[0], "maximumCount": inputs[1]},
        "outputArtifactDetails": {"minimumCount": outputs[0], "maximumCount": outputs[1]},
    }
