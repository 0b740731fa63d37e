"""A monitoring schedule, as a row: at each due time it starts an execution.

Its cron expression goes by the wall clock, which the time scale leaves alone. The data of an hour may still be on their way when the
hour ends, so an execution begins a little later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.schedule import CronSchedule, read_schedule
from mlsystem.engine.durable.machine import Action, CancelTimer, Event, SetTimer, Step
from mlsystem.engine.services.sagemaker.monitoring_definition import Monitoring, MonitoringType
from mlsystem.engine.store.records import Record

NOW = "NOW"
HOURLY = "cron(0 * ? * * *)"
DUE = "due"
START = "sagemaker.monitoring_schedule.start_execution"
# Captured requests are in S3 by then.
SHIPPING_SECONDS = 10.0


class ScheduleStatus(StrEnum):
    """MonitoringScheduleStatus; the engine's schedules are never Pending or Failed."""

    SCHEDULED = "Scheduled"
    STOPPED = "Stopped"  # StopMonitoringSchedule; no execution is started


class MonitoringSchedule(Record):
    """`key` is the schedule's name, `parent` the endpoint that it watches, `config` its MonitoringScheduleConfig."""

    kind: ClassVar[str] = "sagemaker.monitoring_schedule"
    arn: str
    config: dict[str, Any]

    @property
    def expression(self) -> str:
        return str(self.config["ScheduleConfig"]["ScheduleExpression"])

    @property
    def type(self) -> str:
        """An inline definition is about the data, whose type it may leave out."""
        return str(self.config.get("MonitoringType", MonitoringType.DATA_QUALITY))

    @property
    def definition_name(self) -> str:
        """The job definition's; empty where it is inline."""
        return str(self.config.get("MonitoringJobDefinitionName", ""))


class MonitoringScheduleMachine:
    """`timer` starts an execution; `started` and `stopped` are the person's."""

    model = MonitoringSchedule

    def begin(self, record: MonitoringSchedule, at: float) -> Step[MonitoringSchedule]:
        """The step of a new, changed or started schedule. NOW is due at once, and only then."""
        scheduled = record.changed(state=ScheduleStatus.SCHEDULED)
        if record.expression == NOW:
            return Step(scheduled, actions=(_start(scheduled, at),), timers=(CancelTimer(DUE),))
        return Step(scheduled, timers=_next(scheduled, at))

    def advance(self, record: MonitoringSchedule, event: Event, at: float) -> Step[MonitoringSchedule]:
        match event.name:
            case "timer" if record.state == ScheduleStatus.SCHEDULED:
                return Step(record, actions=(_start(record, event.data["due"]),), timers=_next(record, at))
            case "started" if record.state == ScheduleStatus.STOPPED or record.expression == NOW:
                return self.begin(record, at)
            case "stopped":
                return Step(record.changed(state=ScheduleStatus.STOPPED), timers=(CancelTimer(DUE),))
            case _:
                return Step(record)


def _start(record: MonitoringSchedule, due: float) -> Action:
    """Executions of one schedule do not wait for each other."""
    key = execution_key(record, due)
    return Action(START, key=key, data={"due": due}, lane=f"sagemaker.monitoring/{key}")


def execution_key(record: MonitoringSchedule, due: float) -> str:
    """Executions of NOW may begin within one second."""
    return f"{record.key}/{due:.3f}".rstrip("0").rstrip(".")


def _next(record: MonitoringSchedule, at: float) -> tuple[SetTimer | CancelTimer, ...]:
    due = read_expression(record.expression).next_after(at - SHIPPING_SECONDS)
    if due is None:
        return (CancelTimer(DUE),)
    return (SetTimer(DUE, at=due + SHIPPING_SECONDS, data={"due": due}),)


def read_expression(expression: str) -> CronSchedule:
    """Raises AwsError(ValidationException) for what is no cron expression of full hours."""
    schedule = read_schedule(expression, has_at=False)
    if not isinstance(schedule, CronSchedule) or schedule.cron.minutes != (0,):
        raise AwsError(
            "ValidationException", f"The ScheduleExpression {expression} must be NOW, or cron(0 ...) at full hours."
        )
    return schedule


def check_config(config: dict[str, Any]) -> None:
    """Refuse what SageMaker refuses of a MonitoringScheduleConfig, and by name what is not there."""
    if ("MonitoringJobDefinition" in config) == ("MonitoringJobDefinitionName" in config):
        raise AwsError("ValidationException", "Give one of MonitoringJobDefinition and MonitoringJobDefinitionName.")
    if "MonitoringJobDefinitionName" in config and "MonitoringType" not in config:
        raise AwsError("ValidationException", "MonitoringJobDefinitionName needs its MonitoringType.")
    kind = config.get("MonitoringType", MonitoringType.DATA_QUALITY)
    if kind not in set(MonitoringType):
        raise NotImplementedHere(f"monitoring of the type {kind}", f"{' and '.join(MonitoringType)} are")
    if "MonitoringJobDefinition" in config and kind != MonitoringType.DATA_QUALITY:
        raise NotImplementedHere(f"an inline definition of the type {kind}", "name a job definition")
    if "ScheduleConfig" not in config:
        raise AwsError("ValidationException", "ScheduleConfig is required.")
    if config["ScheduleConfig"]["ScheduleExpression"] != NOW:
        read_expression(config["ScheduleConfig"]["ScheduleExpression"])


def check_run_time(expression: str, monitoring: Monitoring) -> None:
    """Executions of an hourly schedule must not overtake each other."""
    seconds = monitoring.job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 0)
    longest = monitoring.longest_run_seconds
    if expression == HOURLY and seconds > longest:
        raise AwsError(
            "ValidationException",
            f"MaxRuntimeInSeconds of an hourly {monitoring.type} schedule must be at most {longest}, but is {seconds}.",
        )


def instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
