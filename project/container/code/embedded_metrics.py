"""What the API function measures of itself, as CloudWatch embedded metric format: one line of JSON a request.

The lines go to the log, where CloudWatch turns them into metrics; no call is made on the request's path. They carry
the function's version, which is what a canary is judged by: Lambda's own `Errors` counts only raised exceptions, not
the 5xx answers that a caller meets. They are kept by the second (StorageResolution 1), as the judge compares versions
over the same seconds.

| metric | unit | what |
|---|---|---|
| Requests | Count | 1 |
| 4XXError | Count | 1 for an answer that blames the caller, else 0 |
| 5XXError | Count | 1 for an answer that blames us, or an exception, else 0 |
| Latency | Milliseconds | the function's own time, the endpoint's included; what a new instance takes to start is not in it |
| Prediction | None | mean of the answer's numbers, of a multiclass model the number of the class; only of good answers |
| Confidence | None | mean of the probabilities of the predicted classes, of a multiclass model |

Of a request that a check of a deployment sends there is only `CheckRequests`, which is 1: nobody's traffic is judged by it.

This file is in the image of the API function and in its ZIP file, word for word: neither can reach the other's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

DIMENSIONS = ("FunctionName", "FunctionVersion")
UNITS = {
    "Requests": "Count",
    "4XXError": "Count",
    "5XXError": "Count",
    "Latency": "Milliseconds",
    "Prediction": "None",
    "Confidence": "None",
    "CheckRequests": "Count",
}
RESOLUTION_SECONDS = 1
CHECK = "check-"  # begins the request id of a check; API Gateway's own are UUIDs, and no client can choose one


def is_check(event: Mapping[str, Any]) -> bool:
    """Whether a request comes from a check of a deployment."""
    return str((event.get("requestContext") or {}).get("requestId", "")).startswith(CHECK)


def metric_line(
    namespace: str,
    dimensions: dict[str, str],
    status: int,
    latency_ms: float,
    predictions: Sequence[float],
    timestamp_ms: int,
    properties: dict[str, str],
    confidences: Sequence[float] = (),
    *,
    is_check: bool = False,
) -> str:
    """One line of embedded metric format. `properties` can be searched in the log, but are no dimensions.

    Predictions that are no numbers give no metric.
    """
    values: dict[str, float] = {
        "Requests": 1,
        "4XXError": int(400 <= status < 500),
        "5XXError": int(status >= 500),
        "Latency": round(latency_ms, 3),
    }
    if predictions and all(map(math.isfinite, predictions)):
        values["Prediction"] = sum(predictions) / len(predictions)
    if confidences:
        values["Confidence"] = sum(confidences) / len(confidences)
    if is_check:
        values = {"CheckRequests": 1}
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(DIMENSIONS)],
        "Metrics": [{"Name": name, "Unit": UNITS[name], "StorageResolution": RESOLUTION_SECONDS} for name in values],
    }
    metadata = {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, **dimensions, **properties, "Status": status, **values})
