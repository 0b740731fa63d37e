"""What EventBridge Scheduler's operations ask.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
"""

from __future__ import annotations

from mlsystem.engine.permission import ANY, Permissions, on, passes
from mlsystem.engine.services.scheduler.schedules import GROUP

SCHEDULE = "arn:${Partition}:scheduler:${Region}:${Account}:schedule/" + GROUP + "/${Name}"
ROLE = passes("Target.RoleArn", "scheduler.amazonaws.com")

PERMISSIONS = Permissions(
    "scheduler",
    {
        "CreateSchedule": [on(SCHEDULE), ROLE],
        "UpdateSchedule": [on(SCHEDULE), ROLE],
        "DeleteSchedule": [on(SCHEDULE)],
        "GetSchedule": [on(SCHEDULE)],
        "ListSchedules": [on(ANY)],
        "GetScheduleGroup": [on("arn:${Partition}:scheduler:${Region}:${Account}:schedule-group/${Name}")],
        "ListScheduleGroups": [on(ANY)],
    },
)
