"""Why an execution of the pipeline began, in words. Pure.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ExecutionTrigger.html
"""

from __future__ import annotations

SHORT = 8
WORDS = {
    "CreatePipeline": "The pipeline was made",
    "PollForSourceChanges": "A source changed",
    "Webhook": "New commit",
    "WebhookV2": "New commit",
    "PutActionRevision": "A revision was put",
}
# The rules of pipeline.yml, by the end of their names.
RULES = {"commit": "New commit", "data": "New data"}


def trigger_words(kind: str, detail: str, pipeline: str) -> str:
    """`detail` is an ARN of who or what began it; for a rollback by itself, the execution that failed."""
    who = detail.rpartition("/")[2] or detail.rpartition(":")[2]
    match kind:
        case "CloudWatchEvent":
            return RULES.get(who.removeprefix(f"{pipeline}-"), f"Rule {who}" if who else "An event")
        case "StartPipelineExecution":
            return _started(detail, who, pipeline)
        case "ManualRollback":
            return f"Rolled back by {person(detail)}"
        case "AutomatedRollback":
            return f"Rolled back by itself: {detail[:SHORT]} failed"
        case _:
            return WORDS.get(kind, kind or "Not known")


def person(arn: str) -> str:
    """Who an ARN means: a user's name, a role's session, or the account's owner."""
    kept = arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2]
    return {"": "somebody", "root": "the account's owner"}.get(kept, kept)


def _started(detail: str, who: str, pipeline: str) -> str:
    if f"assumed-role/{pipeline}-retrain" in detail or f"role/{pipeline}-retrain" in detail:
        return "Retraining"
    return f"Started by {person(detail)}"
