"""The model is loaded by the process whose children answer requests: they share its memory, and there is one loading.

That takes a model that starts no thread, as threads do not survive a fork: LightGBM starts none with OMP_NUM_THREADS=1,
which `serve` sets.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Protocol


class Loads(Protocol):
    """As far as it is used here, the application of wsgi.py."""

    def load(self) -> None: ...


def thread_count() -> int:
    return len(os.listdir("/proc/self/task"))


def preload(application: Loads, known_threads: int = 1) -> None:
    """Load the model, in the place of the one before, into memory that the collectors of the children leave alone.

    Threads beyond the known ones are warned of.
    """
    gc.unfreeze()  # what the model before leaves in circles is collected with the rest
    application.load()
    gc.collect()
    threads = thread_count()
    if threads > known_threads:
        print(
            f"warning: there are {threads} threads where the model is loaded, and none of them will be in the workers: "
            "let predictor.py load the model without starting any",
            file=sys.stderr,
            flush=True,
        )
    gc.freeze()  # else the workers' collectors would write to each object, and so copy the memory
