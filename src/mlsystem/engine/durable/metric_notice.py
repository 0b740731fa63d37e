"""How a room tells CloudWatch's room of AWS's own metrics: PutMetricData refuses their namespaces.

`metric.data` notices carry `namespace`, `data` and `idempotency_key`: those of a key that was counted before are not counted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlsystem.engine.decide.metric_data import Datum
from mlsystem.engine.durable.machine import Notice

TOPIC = "metric.data"
# PutMetricData takes this many.
DATA_A_NOTICE = 1000


def metric_notices(data: Mapping[str, Sequence[Datum]], key: str) -> Iterator[Notice]:
    """`data` by namespace; `key` names what they were made of, the same whenever it is told again."""
    for namespace, found in data.items():
        for start in range(0, len(found), DATA_A_NOTICE):
            chunk = list(found[start : start + DATA_A_NOTICE])
            told = {"namespace": namespace, "data": chunk, "idempotency_key": f"{key}/{namespace}/{start}"}
            yield Notice(TOPIC, told)
