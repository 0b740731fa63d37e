"""How Prometheus calls CloudWatch's metrics and dimensions. Pure.

The names are those of YACE, the exporter of Prometheus' community for CloudWatch: `aws_<namespace>_<metric>_<statistic>` and
`dimension_<name>`. So dashboards and alerts that were made on one machine go on in an account.
https://github.com/prometheus-community/yet-another-cloudwatch-exporter
"""

from __future__ import annotations

import re

_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]")


def metric_name(namespace: str, name: str, statistic: str) -> str:
    """`aws_sagemaker_model_latency_p99`."""
    space = _plain(namespace).lower().removeprefix("_")
    prefix = "" if space.startswith("aws") else "aws_"
    return f"{prefix}{space}_{_snake(name)}_{_snake(statistic)}"


def label_name(dimension: str) -> str:
    """`dimension_EndpointName`: as it is, but for what a label cannot have in its name."""
    return f"dimension_{_plain(dimension)}"


def _snake(text: str) -> str:
    return _plain(_WORD_BEGINS.sub("_", text)).lower()


def _plain(text: str) -> str:
    return _NOT_IN_A_NAME.sub("_", text.replace("%", "_percent"))
