"""Stages: which execution is in, which waits before it. An execution that waits is superseded by a newer one.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html#concepts-how-it-works-executions
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.durable.machine import Event, Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.codepipeline.execution import Execution
from mlsystem.engine.services.codepipeline.pipelines import require_pipeline, require_stage
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_codepipeline.type_defs import DisableStageTransitionInputTypeDef, EnableStageTransitionInputTypeDef


class Stage(Record):
    """`key` is `pipeline/stage`; `holder` and `waiting` are execution ids or empty."""

    kind: ClassVar[str] = "codepipeline.stage"
    holder: str = ""
    waiting: str = ""
    disabled_reason: str | None = None
    changed_by: str = ""
    changed_at: float = 0.0


def get_stage(tx: Transaction, pipeline: str, stage: str) -> Stage:
    key = f"{pipeline}/{stage}"
    return tx.get(Stage, key) or Stage(key=key, parent=pipeline)


class Stages(Part):
    """Lets executions in, and the operations that open and close a stage."""

    def __init__(self, house: House):
        self._house = house

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"codepipeline.stage.requested": self._on_requested, "codepipeline.stage.released": self._on_released}

    def _on_requested(self, tx: Transaction, topic: str, data: Json) -> None:
        stage = get_stage(tx, data["pipeline"], data["stage"])
        if stage.waiting and stage.waiting != data["execution"]:
            self._house.worker.send(tx, Execution, stage.waiting, Event("superseded"))
        self._admit(tx, stage.changed(waiting=data["execution"]))

    def _on_released(self, tx: Transaction, topic: str, data: Json) -> None:
        stage = get_stage(tx, data["pipeline"], data["stage"])
        if stage.holder == data["execution"]:
            self._admit(tx, stage.changed(holder=""))

    def _admit(self, tx: Transaction, stage: Stage) -> None:
        """Let the waiting one in if the stage is free and open."""
        if stage.waiting and not stage.holder and stage.disabled_reason is None:
            entering = stage.waiting
            tx.put(stage.changed(holder=entering, waiting=""))
            self._house.worker.send(tx, Execution, entering, Event("entered"))
        else:
            tx.put(stage)

    @operation("DisableStageTransition", accepts="pipelineName stageName transitionType reason")
    def disable(self, request: DisableStageTransitionInputTypeDef, call: Call) -> Mapping[str, object]:
        self._set(request["pipelineName"], request["stageName"], request["reason"], call)
        return {}

    @operation("EnableStageTransition", accepts="pipelineName stageName transitionType")
    def enable(self, request: EnableStageTransitionInputTypeDef, call: Call) -> Mapping[str, object]:
        self._set(request["pipelineName"], request["stageName"], None, call)
        return {}

    def _set(self, pipeline: str, name: str, reason: str | None, call: Call) -> None:
        require_stage(require_pipeline(call.tx, pipeline), name)
        stage = get_stage(call.tx, pipeline, name)
        self._admit(call.tx, stage.changed(disabled_reason=reason, changed_by=call.principal.arn, changed_at=call.now))


def transition(stage: Stage) -> dict[str, object]:
    """TransitionState."""
    if stage.disabled_reason is None:
        return {"enabled": True}
    return {
        "enabled": False,
        "disabledReason": stage.disabled_reason,
        "lastChangedBy": stage.changed_by,
        "lastChangedAt": datetime.fromtimestamp(stage.changed_at, UTC),
    }
