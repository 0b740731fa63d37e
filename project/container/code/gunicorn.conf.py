"""Gunicorn's settings. `serve` sets the variables MODEL_SERVER_...; those of the account only where it may change to it."""

import os
import signal
from typing import Any

from preload import preload

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
    preload(server.app.wsgi())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])


def on_reload(server: Any) -> None:
    """SIGHUP: in the master, before new workers take the places of the old ones, which answer meanwhile."""
    preload(server.app.wsgi())


def post_fork(server: Any, worker: Any) -> None:
    """Gunicorn changes user and group of a worker, and leaves it root's other groups."""
    if "MODEL_SERVER_UID" in os.environ:
        os.setgroups([])
