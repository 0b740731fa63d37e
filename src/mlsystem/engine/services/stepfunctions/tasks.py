"""Tasks: starts their work, learns how it ended, stops it.

What was started is bound to its task first, and only then asked whether it has ended already: so no end is missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.stepfunctions.activity import Activity
from mlsystem.engine.services.stepfunctions.execution import Execution, ExecutionMachine, Status
from mlsystem.engine.services.stepfunctions.integration import TaskError, Work
from mlsystem.engine.services.stepfunctions.job import ENDS
from mlsystem.engine.services.stepfunctions.resource import Pattern, is_activity, resource_of
from mlsystem.engine.services.stepfunctions.task import Task, TaskState
from mlsystem.engine.store.database import Transaction


class Tasks(Part):
    """`start_task` and `cancel_task`, and the ends of jobs."""

    def __init__(self, house: House, machine: ExecutionMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"stepfunctions.start_task": self._start, "stepfunctions.cancel_task": self._cancel}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {topic: self._on_ended(member) for topic, member in ENDS.items()}

    # ------------------------------------------------------------------ start
    def _start(self, call: ActionCall) -> Event | None:
        token = call.data["token"]
        with self._house.database.transaction() as tx:
            execution = tx.get(Execution, call.owner_key)
            if execution is None or execution.state != Status.RUNNING or not execution.is_waiting_for(token):
                return None
            task = tx.get(Task, token) or tx.add(_task(call))
            if is_activity(task.resource):
                return self._schedule(tx, task)
        work = self._work(execution, task)
        try:
            return self._run(work, task)
        except TaskError as failure:
            return Event("task_failed", {"token": token, "error": failure.error, "cause": failure.cause})

    def _schedule(self, tx: Transaction, task: Task) -> Event | None:
        """A worker will fetch it."""
        if tx.get(Activity, task.resource) is None:
            cause = f"Activity Does Not Exist: '{task.resource}'"
            return Event("task_failed", {"token": task.key, "error": "States.Runtime", "cause": cause})
        if not task.state:
            tx.put(task.changed(parent=task.resource, state=TaskState.SCHEDULED))
        return None

    def _run(self, work: Work, task: Task) -> Event | None:
        if task.parent:
            return self._ended(work)
        output = work.do()
        match work.resource.pattern:
            case Pattern.REQUEST_RESPONSE:
                return Event("task_succeeded", {"token": task.key, "output": output})
            case Pattern.CALLBACK:
                return Event("task_submitted", {"token": task.key, "output": output})
            case _:
                self._bind(work, task, output)
                return self._ended(work)

    def _bind(self, work: Work, task: Task, output: Any) -> None:
        assert work.job is not None
        arn = work.job.arn
        with self._house.database.transaction() as tx:
            tx.put(task.changed(parent=output[f"{arn[0].upper()}{arn[1:]}"]))
            submitted = Event("task_submitted", {"token": task.key, "output": output})
            self._house.worker.send(tx, Execution, task.execution, submitted)

    def _work(self, execution: Execution, task: Task) -> Work:
        role = (task.credentials or {}).get("RoleArn") or execution.role_arn
        principal = self._house.session_of(role, execution.name, "states")
        resource = resource_of(task.resource)
        return Work(self._house, principal, task.key, task.resource, resource, task.parameters, task.created_at)

    # ------------------------------------------------------------------ end
    def _on_ended(self, member: str) -> NoticeHandler:
        def handler(tx: Transaction, topic: str, data: Json) -> None:
            for task in tx.all(Task, parent=data[member]):
                execution = tx.get(Execution, task.execution)
                if execution is None or not execution.is_waiting_for(task.key):
                    continue
                event = self._end_of(self._work(execution, task))
                if event is not None:
                    self._house.worker.send(tx, Execution, execution.key, event)

        return handler

    def _end_of(self, work: Work) -> Event | None:
        try:
            return self._ended(work)
        except TaskError as failure:
            return Event("task_failed", {"token": work.token, "error": failure.error, "cause": failure.cause})

    def _ended(self, work: Work) -> Event | None:
        output = work.end(work.request())
        return None if output is None else Event("task_succeeded", {"token": work.token, "output": output})

    # ------------------------------------------------------------------ cancel
    def _cancel(self, call: ActionCall) -> Event | None:
        """Stop what the task started, if it started anything."""
        with self._house.database.reading() as tx:
            task, execution = tx.get(Task, call.data["token"]), tx.get(Execution, call.owner_key)
        if task is None or execution is None or is_activity(task.resource):
            return None
        work = self._work(execution, task)
        if work.resource.pattern in (Pattern.SYNC, Pattern.SYNC_2):
            # What has ended needs no stop, and says so.
            with suppress(AwsError):
                work.stop(is_known=bool(task.parent))
        return None


def _task(call: ActionCall) -> Task:
    return Task(
        key=call.data["token"],
        execution=call.owner_key,
        resource=call.data["resource"],
        parameters=call.data["parameters"],
        credentials=call.data.get("credentials"),
    )
