"""What every program of SageMaker has in common: how much of the machine it may use, and the words for its end."""

from __future__ import annotations

import os
from typing import TypedDict

from mlsystem.engine.decide.instance_type import instance_type
from mlsystem.engine.runtime.usage import machine_memory_bytes

# One program must not be able to take the engine's memory.
_LARGEST_SHARE = 0.9


class ProgramLimits(TypedDict):
    """As a `ProcessSpec` takes them."""

    memory_limit_bytes: int
    cpu_limit: int | None


def limits_of(instance_type_name: str) -> ProgramLimits:
    """An instance type that is not known has the whole machine."""
    most = int(machine_memory_bytes() * _LARGEST_SHARE)
    known = instance_type(instance_type_name)
    if known is None:
        return {"memory_limit_bytes": most, "cpu_limit": None}
    return {"memory_limit_bytes": min(known.memory_bytes, most), "cpu_limit": known.vcpus}


def processors_of(instance_type_name: str) -> int:
    """How many a program sees."""
    known, own = instance_type(instance_type_name), len(os.sched_getaffinity(0))
    return own if known is None else min(known.vcpus, own)


def out_of_memory(instance_type_name: str, how: str) -> str:
    """SageMaker's words for a program that was ended since it held too much; `how` are the runtime's."""
    return (
        f"ClientError: Please use an instance type with more memory than {instance_type_name}, or reduce the "
        f"size of the data: {how} and was ended"
    )


def not_started(how: str) -> str:
    """The words for an image whose program the runtime could not start."""
    return f"AlgorithmError: the image's program cannot be started: {how}"
