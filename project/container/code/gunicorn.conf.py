"""Gunicorn's settings. `serve` sets the variables MODEL_SERVER_...; those of the account only where it may change to it.

The master loads the model before it forks its workers, which then share its memory. That takes a model that starts no
thread, as threads do not survive a fork: LightGBM starts none with OMP_NUM_THREADS=1, which `serve` sets.
"""

import gc
import os
import signal
import sys
from typing import Any

bind = os.environ["MODEL_SERVER_SOCKET"]
workers = int(os.environ["MODEL_SERVER_WORKERS"])
timeout = int(os.environ["MODEL_SERVER_TIMEOUT"])
user = int(os.environ.get("MODEL_SERVER_UID", os.geteuid()))
group = int(os.environ.get("MODEL_SERVER_GID", os.getegid()))
graceful_timeout = 25  # SageMaker kills a container 30 seconds after its SIGTERM
preload_app = True  # import NumPy and LightGBM once, and share their memory
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"


def when_ready(server: Any) -> None:
    """In the master, which listens already: early requests wait. A SIGHUP that came until now is let in."""
    _load(server)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])


def on_reload(server: Any) -> None:
    """SIGHUP: in the master, before new workers take the places of the old ones, which answer meanwhile."""
    _load(server)


def post_fork(server: Any, worker: Any) -> None:
    """Gunicorn changes user and group of a worker, and leaves it root's other groups."""
    if "MODEL_SERVER_UID" in os.environ:
        os.setgroups([])


def _load(server: Any) -> None:
    gc.unfreeze()  # what the model before leaves in circles is collected with the rest
    server.app.wsgi().load()
    gc.collect()
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        print(
            f"warning: there are {threads} threads where the model is loaded, and none of them will be in the workers: "
            "let predictor.py load the model without starting any",
            file=sys.stderr,
            flush=True,
        )
    gc.freeze()  # else the workers' collectors would write to each object, and so copy the memory
