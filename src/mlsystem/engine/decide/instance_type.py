"""What a SageMaker instance type has: virtual processors and memory.

Worked out from its name, as its sizes follow rules: https://aws.amazon.com/sagemaker/ai/pricing/ and
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-type-specifications.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"ml\.(?P<family>[a-z]+\d+[a-z]*)(-flex)?\.(?P<size>medium|large|(?P<many>\d*)xlarge)")
_VCPUS = {"medium": 1, "large": 2, "xlarge": 4}
# GiB for each virtual processor, by the letter of the family; what differs follows by its full name.
_GIB_PER_VCPU = {"c": 2.0, "m": 4.0, "r": 8.0, "g": 4.0, "inf": 4.0, "trn": 4.0}
_GIB_PER_VCPU_OF = {
    "c4": 1.875,
    "c5n": 2.625,
    "g6e": 8.0,
    "g7e": 8.0,
    "inf1": 2.0,
    "p2": 15.25,
    "p3": 7.625,
    "p3dn": 8.0,
    "dl1": 8.0,
}
_BURSTABLE = {"medium": (2, 4.0), "large": (2, 8.0), "xlarge": (4, 16.0), "2xlarge": (8, 32.0)}
# Their processors do not follow from the size's name.
_SINGLE = {
    "c4.8xlarge": (36, 60.0),
    "c5n.18xlarge": (72, 192.0),
    "c5n.9xlarge": (36, 96.0),
    "p4d.24xlarge": (96, 1152.0),
    "p4de.24xlarge": (96, 1152.0),
    "p5.4xlarge": (16, 256.0),
    "p5.48xlarge": (192, 2048.0),
    "p5e.48xlarge": (192, 2048.0),
    "p5en.48xlarge": (192, 2048.0),
    "trn2.48xlarge": (192, 2048.0),
}


@dataclass(frozen=True)
class InstanceType:
    """`memory_bytes` as the hardware has it; SageMaker's own programs take a little of it."""

    name: str
    vcpus: int
    memory_bytes: int


def instance_type(name: str) -> InstanceType | None:
    """None for a name whose processors and memory are not known here."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    family, size = match["family"], match["size"]
    known = _SINGLE.get(f"{family}.{size}") or (_BURSTABLE.get(size) if family in ("t2", "t3") else None)
    if known is None:
        vcpus = _VCPUS[size] if size in _VCPUS else 4 * int(match["many"])
        gib = _GIB_PER_VCPU_OF.get(family) or _GIB_PER_VCPU.get(re.match("[a-z]+", family)[0])  # type: ignore[index]
        if gib is None:
            return None
        known = (vcpus, vcpus * gib)
    return InstanceType(name, known[0], int(known[1] * 2**30))
