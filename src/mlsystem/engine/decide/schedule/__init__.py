"""Schedules of EventBridge and EventBridge Scheduler: rate(), cron() and at().

schedule = read_schedule("cron(0 12 1 * ? *)")
instant = schedule.next_after(now, anchor=created_at, timezone="Europe/Berlin")    None: never again
"""

from mlsystem.engine.decide.schedule.cron import Cron, read_cron
from mlsystem.engine.decide.schedule.schedule import At, CronSchedule, Rate, Schedule, check_timezone, read_schedule

__all__ = ["At", "Cron", "CronSchedule", "Rate", "Schedule", "check_timezone", "read_cron", "read_schedule"]
