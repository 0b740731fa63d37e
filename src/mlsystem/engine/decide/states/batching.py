"""ItemBatcher: gathering a Map's selected items into batches.

https://states-language.net/spec.html#batching-items and
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html: an iteration is given
{"BatchInput": ..., "Items": [...]}.
"""

from __future__ import annotations

from mlsystem.engine.decide.states import faults
from mlsystem.engine.decide.states.data_flow import DataFlow
from mlsystem.engine.decide.states.documents import LARGEST_BYTES, Json, size
from mlsystem.engine.decide.states.faults import StateFailure
from mlsystem.engine.decide.states.machine import State
from mlsystem.engine.decide.states.settings import whole_number

_INSIDE = "ItemBatcher"


def batches(flow: DataFlow, state: State, items: list[Json]) -> list[Json]:
    """What each iteration is given. Raises StateFailure, also if one item alone is too large."""
    most_items = whole_number(flow, state, "MaxItemsPerBatch", 1, _INSIDE) or len(items) or 1
    most_bytes = whole_number(flow, state, "MaxInputBytesPerBatch", 1, _INSIDE) or LARGEST_BYTES
    batch_input = flow.batch_input()
    frame: dict[str, Json] = {} if "BatchInput" not in state.fields[_INSIDE] else {"BatchInput": batch_input}
    found: list[Json] = []
    current: list[Json] = []
    for index, item in enumerate(items):
        selected = flow.item(state.fields, item, index)
        if current and (len(current) == most_items or size({**frame, "Items": [*current, selected]}) > most_bytes):
            found.append({**frame, "Items": current})
            current = []
        current = [*current, selected]
        if len(current) == 1 and size({**frame, "Items": current}) > most_bytes:
            raise StateFailure(
                faults.DATA_LIMIT_EXCEEDED, f"The item {index} alone is larger than a batch of {most_bytes} bytes."
            )
    return [*found, {**frame, "Items": current}] if current else found
