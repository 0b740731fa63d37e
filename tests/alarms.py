"""An alarm for tests of what alarms do."""

from __future__ import annotations

from tests.live import LiveEngine


class ToldAlarm:
    """An alarm that says what it is told to: nothing is ever measured that it looks at."""

    def __init__(self, engine: LiveEngine, name: str):
        self.name = name
        self._client = engine.client("cloudwatch")
        self._client.put_metric_alarm(
            AlarmName=name,
            Namespace="test",
            MetricName="none",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )

    def say(self, state: str) -> None:
        self._client.set_alarm_state(AlarmName=self.name, StateValue=state, StateReason="told to")

    def delete(self) -> None:
        self._client.delete_alarms(AlarmNames=[self.name])
