"""Tries inputs of one kind in a process of its own, and tells what it found as lines of JSON.

python -m tests.fuzz.child KIND SEED FIRST COUNT PLACE

PLACE is a file that has the number of the input which is being tried: should this process die, its parent knows of what.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import json
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz.kind import Finding, Kind, Session, signature_of
from tests.fuzz.kinds import KINDS

SLOW_CPU_SECONDS = 2.0  # of one input: stricter than five seconds of the clock, and not the machine's fault
HANGING_SECONDS = 60.0
LONGEST_TOLD = 4000
# The parent's pipe: what the code that is tried prints goes elsewhere.
PARENT = os.dup(1)


def chance_of(kind: str, seed: int, number: int) -> Random:
    return Random(f"{seed}/{kind}/{number}")


def tell(**fields: object) -> None:
    os.write(PARENT, f"{json.dumps(fields)}\n".encode())


def attempt(session: Session, kind: Kind, seed: int, number: int) -> tuple[str, str, str]:
    """Outcome; and where the code did not stand it: the signature of that and what happened."""
    given = None
    began = time.process_time()
    try:
        given = session.make(chance_of(kind.name, seed, number))
        outcome = session.run(given)
    except Finding as finding:
        return "failed", finding.signature, f"{finding}\n{given!r:.3000}"
    except Exception as error:  # noqa: BLE001 (whatever it is, it is a finding)
        import traceback

        return (
            "failed",
            signature_of(error),
            f"{''.join(traceback.format_exception(error))[-LONGEST_TOLD:]}\n{given!r:.3000}",
        )
    took = time.process_time() - began
    if took > SLOW_CPU_SECONDS:
        return "failed", f"slow {kind.name}", f"it took {took:.1f} s of a processor\n{given!r:.3000}"
    return outcome, "", ""


def memory_bytes() -> int:
    """What the process holds when it has given back what it does not need."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    name, seed, first, count, place = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
    kind = KINDS[name]
    faulthandler.enable()
    os.dup2(2, 1)
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    outcomes: Counter[str] = Counter()
    with kind.open() as session:
        began, early = time.process_time(), 0
        for number in range(first, first + count):
            os.pwrite(descriptor, f"{number:20}".encode(), 0)
            faulthandler.dump_traceback_later(HANGING_SECONDS, exit=True)
            outcome, signature, told = attempt(session, kind, seed, number)
            faulthandler.cancel_dump_traceback_later()
            outcomes[outcome] += 1
            if signature:
                tell(number=number, signature=signature, told=told)
            if number == first + count // 2:
                early = memory_bytes()
        spent = time.process_time() - began
        tell(done=count, seconds=spent, outcomes=outcomes, early=early, late=memory_bytes())


if __name__ == "__main__":
    main()
