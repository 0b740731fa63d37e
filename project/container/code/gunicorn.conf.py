"""Gunicorn's settings. `serve` sets MODEL_SERVER_SOCKET, MODEL_SERVER_WORKERS and MODEL_SERVER_TIMEOUT."""

import os
from typing import Any

bind = os.environ["MODEL_SERVER_SOCKET"]
workers = int(os.environ["MODEL_SERVER_WORKERS"])
timeout = int(os.environ["MODEL_SERVER_TIMEOUT"])
graceful_timeout = 25  # SageMaker kills a container 30 seconds after its SIGTERM
preload_app = True  # import NumPy and LightGBM once, and share their memory
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """In the forked worker, since LightGBM's threads do not survive a fork."""
    worker.wsgi.load()
