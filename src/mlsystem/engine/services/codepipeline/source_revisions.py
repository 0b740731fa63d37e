"""Which revisions of its sources an execution is to run, where whoever starts it says so.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-overrides.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError

COMMIT, OBJECT_VERSION, OBJECT_KEY = "COMMIT_ID", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"
KINDS = {"CodeCommit": (COMMIT,), "S3": (OBJECT_VERSION, OBJECT_KEY)}
OPEN_KEY = "AllowOverrideForS3ObjectKey"


def source_revisions(declaration: Mapping[str, Any], wanted: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Values by action and by kind of revision. Raises AwsError(ValidationException)."""
    sources = {
        action["name"]: action
        for stage in declaration["stages"]
        for action in stage["actions"]
        if action["actionTypeId"]["category"] == "Source"
    }
    found: dict[str, dict[str, str]] = {}
    for one in wanted:
        name, kind = one["actionName"], one["revisionType"]
        if name not in sources:
            raise AwsError("ValidationException", f"The pipeline has no source action {name}.")
        provider = sources[name]["actionTypeId"]["provider"]
        if kind not in KINDS[provider]:
            raise AwsError("ValidationException", f"The source action {name}, by {provider}, has no revision {kind}.")
        if kind == OBJECT_KEY and sources[name].get("configuration", {}).get(OPEN_KEY) != "true":
            raise AwsError("ValidationException", f"The source action {name} does not say {OPEN_KEY}: true.")
        found.setdefault(name, {})[kind] = one["revisionValue"]
    return found
