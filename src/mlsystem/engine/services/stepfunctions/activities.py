"""Activities: make and list them, and hand their tasks to workers, who wait for one at most a minute.

A worker that waits holds a thread of the front, so few may wait at a time. A task is handed out once: whoever takes it and dies
leaves it to its time-outs, as on AWS. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation, read_mark
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.stepfunctions.activity import Activity, require_activity
from mlsystem.engine.services.stepfunctions.execution import Execution
from mlsystem.engine.services.stepfunctions.listing import PAGES, when
from mlsystem.engine.services.stepfunctions.task import Task, TaskState, text_of

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import (
        CreateActivityInputTypeDef,
        DeleteActivityInputTypeDef,
        DescribeActivityInputTypeDef,
        GetActivityTaskInputTypeDef,
        ListActivitiesInputTypeDef,
    )

WAIT_SECONDS = 60.0
MOST_WORKERS = 10


class Activities(Part):
    """Create, describe, list, delete, and GetActivityTask."""

    def __init__(self, house: House):
        self._house = house
        self._changed = threading.Condition()
        self._commits = 0
        self._waiting = 0
        self._is_stopping = False
        house.database.follow(Task, self._task_changed)

    def stop(self) -> None:
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    @operation("CreateActivity", accepts="name tags")
    def create(self, request: CreateActivityInputTypeDef, call: Call) -> Mapping[str, object]:
        """Made once: who makes it again is told of the first, whose tags stay."""
        arn = self._house.scope.arn("states", f"activity:{request['name']}")
        tags = {tag["key"]: tag["value"] for tag in request.get("tags", ())}
        activity = call.tx.get(Activity, arn) or call.tx.add(Activity(key=arn, name=request["name"], tags=tags))
        return {"activityArn": arn, "creationDate": when(activity.created_at)}

    @operation("DescribeActivity", accepts="activityArn")
    def describe(self, request: DescribeActivityInputTypeDef, call: Call) -> Mapping[str, object]:
        return _described(require_activity(call.tx, request["activityArn"]))

    @operation("ListActivities", accepts="maxResults nextToken")
    def list_activities(self, request: ListActivitiesInputTypeDef, call: Call) -> Mapping[str, object]:
        found = call.tx.each(Activity, after=read_mark(request.get("nextToken")))
        return PAGES.page(found, request, "activities", by_creation, _described)

    @operation("DeleteActivity", accepts="activityArn")
    def delete(self, request: DeleteActivityInputTypeDef, call: Call) -> Mapping[str, object]:
        call.tx.remove(Activity, request["activityArn"])
        return {}

    @operation("GetActivityTask", mode="free", accepts="activityArn workerName")
    def get_task(self, request: GetActivityTaskInputTypeDef, call: Call) -> Mapping[str, object]:
        """Without a task, where none came within a minute."""
        arn = request["activityArn"]
        with self._house.database.reading() as tx:
            require_activity(tx, arn)
        with self._changed:
            if self._waiting >= MOST_WORKERS:
                message = f"Activity Worker Limit Exceeded: {MOST_WORKERS} workers wait for tasks already"
                raise AwsError("ActivityWorkerLimitExceeded", message)
            self._waiting += 1
        try:
            task = self._await_task(arn, request.get("workerName"))
        finally:
            with self._changed:
                self._waiting -= 1
        return {"taskToken": task.key, "input": text_of(task.parameters)} if task else {}

    def _await_task(self, arn: str, worker: str | None) -> Task | None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            seen = self._commits
            task = self._take(arn, worker)
            if task is not None:
                return task
            if not self._has_changed(seen, deadline):
                return None

    def _has_changed(self, seen: int, deadline: float) -> bool:
        """Wait for a commit after that one. False at the deadline, or when the engine ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._commits != seen or self._is_stopping, deadline - time.monotonic())
            return self._commits != seen and not self._is_stopping

    def _take(self, arn: str, worker: str | None) -> Task | None:
        """The oldest that is still wanted. It is the worker's from here on."""
        with self._house.database.reading() as tx:
            if next(tx.each(Task, parent=arn, state=TaskState.SCHEDULED, limit=1), None) is None:
                return None
        with self._house.database.transaction() as tx:
            for task in tx.all(Task, parent=arn, state=TaskState.SCHEDULED):
                execution = tx.get(Execution, task.execution)
                is_wanted = execution is not None and execution.is_waiting_for(task.key)
                tx.put(task.changed(state=TaskState.STARTED))
                if is_wanted:
                    started = Event("activity_started", {"token": task.key, "worker": worker})
                    self._house.worker.send(tx, Execution, task.execution, started)
                    return task
        return None

    def _task_changed(self) -> None:
        with self._changed:
            self._commits += 1
            self._changed.notify_all()


def _described(activity: Activity) -> dict[str, object]:
    return {"activityArn": activity.key, "name": activity.name, "creationDate": when(activity.created_at)}
