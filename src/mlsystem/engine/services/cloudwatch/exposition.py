"""Metrics and alarms as Prometheus reads them.

CloudWatch has a value for each period, Prometheus one for each moment at which it looks. So what is told is the minute that has just ended:
it slides with the looking, as the periods of alarms do. A metric that had no data then is not told, and no graph goes on with what is past.
Metrics of a monitoring schedule come once a run: theirs are told until the next one is overdue.

Nothing has a time stamp, as with YACE where it is not asked for one: what has one never counts as gone in Prometheus, whose alerts
would then look at the last value for five minutes more, and what is older than its newest block is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlsystem.engine.decide.alarm import Samples, StateValue, statistic
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.prometheus import label_name, metric_name
from mlsystem.engine.services.cloudwatch.alarm import LATENESS_SECONDS, MINUTE, Alarm
from mlsystem.engine.services.cloudwatch.metric import Metric
from mlsystem.engine.services.cloudwatch.points import known_metrics, newest, read_buckets
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p99")
ALARM_STATE = "aws_cloudwatch_alarm_state"
SCHEDULED = "MonitoringSchedule"
# Monitoring schedules run once a day at least; a run takes a while.
LONGEST_SCHEDULE_SECONDS = 25 * 3600


def families(tx: Transaction, scope: Scope) -> list[Family]:
    """Everything that is told now, by name."""
    from prometheus_client.core import GaugeMetricFamily  # half a second, which no start of an engine should wait for

    found: dict[str, Family] = {}
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    own = {"account_id": scope.account, "region": scope.region}
    for name, words, labels, value in (*_metrics(tx), *_alarms(tx)):
        # Two names of CloudWatch may be one to Prometheus, which takes nothing of an answer that has something twice.
        mark = (name, frozenset(labels.items()))
        if mark not in seen:
            seen.add(mark)
            family = found.setdefault(name, GaugeMetricFamily(name, words))
            family.add_sample(name, {**own, **labels}, value)
    return [found[name] for name in sorted(found)]


_Sample = tuple[str, str, dict[str, str], float]


def _metrics(tx: Transaction) -> Iterator[_Sample]:
    for metric in known_metrics(tx, tx.now - LONGEST_SCHEDULE_SECONDS):
        samples = _newest_samples(tx, metric)
        if samples is None:
            continue
        labels = {label_name(key): text for key, text in metric.dimensions}
        for name in STATISTICS:
            value = statistic(samples, name)
            if value is not None:
                words = f"{name} of {metric.name} of {metric.namespace}"
                yield metric_name(metric.namespace, metric.name, name), words, labels, value


def _newest_samples(tx: Transaction, metric: Metric) -> Samples | None:
    end = tx.now - LATENESS_SECONDS
    if SCHEDULED in dict(metric.dimensions):
        # The second in which a period ends is not in it.
        end = (newest(tx, metric) or end) + 1
    [bucket] = read_buckets(tx, metric, [end - MINUTE], MINUTE)
    return bucket.samples if bucket is not None else None


def _alarms(tx: Transaction) -> Iterable[_Sample]:
    for alarm in tx.all(Alarm):
        for state in StateValue:
            labels = {"alarm_name": alarm.key, "state": str(state)}
            yield (
                ALARM_STATE,
                "1 for the state that an alarm is in, 0 for the others",
                labels,
                float(alarm.state == state),
            )
