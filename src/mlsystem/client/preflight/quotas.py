"""Whether the account may have as many machines as the settings ask for.

https://docs.aws.amazon.com/servicequotas/latest/userguide/intro.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mlsystem.client.preflight.finding import Finding

JOBS = {"prepare": "processing", "evaluate": "processing", "baseline": "processing", "monitor": "processing"}


def needed(settings: Mapping[str, Any]) -> dict[str, int]:
    """The names of SageMaker's quotas, and how much of each a run with a deployment takes at the same time.

    In production the retained versions, the one that serves and the new one stand side by side, each with the most instances that
    scaling allows the one that serves.
    """
    machines = settings["instances"]
    found: Counter[str] = Counter()
    found[f"{machines['train']['type']} for training job usage"] += machines["train"]["count"]
    for name, kind in JOBS.items():
        found[f"{machines[name]['type']} for {kind} job usage"] += machines[name]["count"]
    found[f"{machines['dev']['type']} for endpoint usage"] += machines["dev"]["count"]
    versions = settings["canary"].get("retained_versions", 1) + 1
    most = max(machines["prd"]["count"], settings["scaling"]["max_instances"])
    found[f"{machines['prd']['type']} for endpoint usage"] += versions * machines["prd"]["count"] + most
    return dict(found)


def check_quotas(quotas: Any, settings: Mapping[str, Any]) -> Iterator[Finding]:
    """`quotas` is a client of Service Quotas."""
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    granted = {item["QuotaName"]: item["Value"] for page in pages for item in page["Quotas"]}
    for name, count in needed(settings).items():
        if name not in granted:
            yield Finding(
                "unknown", f"quota {name}", "the account's list does not have it: is the instance type right?"
            )
        elif granted[name] < count:
            yield Finding(
                "problem",
                f"quota {name}",
                f"it is {granted[name]:g}, and {count} are needed: ask for more in Service Quotas, or change mlsystem.yaml",
            )
