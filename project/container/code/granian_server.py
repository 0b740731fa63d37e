"""The inference server for a host that stands before it as a proxy (MODEL_SERVER_FRONT=host): Granian, without Nginx.

Such a host, as the local engine is, hands over whole requests on connections that it keeps. Granian keeps them too,
where Gunicorn's worker would take a new one for each request: that is most of what a small model's request costs. The
host asks again where a connection was closed before its answer, as a worker that is replaced closes what it keeps.
`serve` runs this program and sets the variables MODEL_SERVER_...; gunicorn.conf.py has the same for Gunicorn.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import WorkerProcess
from preload import preload, thread_count
from wsgi import Application, Environ, StartResponse, application

UNIX = "unix:"
CONNECTIONS = 4096  # of a worker: more wait until one is closed
EVERYBODYS_SOCKET = 0o666  # as Nginx makes it
BETWEEN_WORKERS_SECONDS = 0.2  # a new one answers before an old one ends
GRACE_SECONDS = 25  # SageMaker kills a container 30 seconds after its SIGTERM


def main() -> None:
    # A worker is to be born with the model in it, whatever this version of Python would do by itself.
    multiprocessing.set_start_method("fork")
    preload(application)
    WorkerProcess.is_alive = _is_alive
    server = Granian(
        target="wsgi:application",
        **_address(os.environ["MODEL_SERVER_SOCKET"]),
        interface=Interfaces.WSGI,
        workers=int(os.environ["MODEL_SERVER_WORKERS"]),
        blocking_threads=1,  # one request at a time, as a user's predictor may expect
        http=HTTPModes.http1,
        websockets=False,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=BETWEEN_WORKERS_SECONDS,
        workers_kill_timeout=GRACE_SECONDS,
    )
    server.on_startup(_obey)
    server.on_startup(partial(_take_listener, server, os.environ["MODEL_SERVER_LISTENER"]))
    server.on_reload(_reload)
    server.serve(target_loader=_worker, wrap_loader=False)


def _address(bind: str) -> dict[str, Any]:
    if bind.startswith(UNIX):
        return {"uds": Path(bind.removeprefix(UNIX)), "uds_permissions": EVERYBODYS_SOCKET}
    host, _, port = bind.rpartition(":")
    return {"address": host.strip("[]"), "port": int(port)}


def _take_listener(server: Any, offered: str) -> None:
    """Puts the host's socket in the place of the one that Granian has just made, and its workers will inherit."""
    if offered:
        listener, taken = map(int, offered.split(","))
        os.set_blocking(listener, False)
        os.dup2(listener, server._sfd)
        os.close(listener)
        os.write(taken, b"1")
        os.close(taken)


def _is_alive(worker: Any) -> bool:
    """Whether the pipe that ends with Granian's worker is still open.

    Python's own answer is wrong where another thread is hearing of the end just now, as Granian's watcher does: a worker
    that has ended would be said to refuse to, and be killed.
    """
    return not wait([worker.inner.sentinel], 0)


def _obey() -> None:
    """A SIGHUP that came until now has waited, and a SIGTERM has ended the program."""
    _take_in_a_thread([signal.SIGTERM, signal.SIGHUP])


def _take_in_a_thread(signals: Iterable[signal.Signals]) -> None:
    """Their handlers run in a thread of their own.

    Granian's main threads sleep in a wait that a signal ends only if the kernel hands it to that very thread. It may as
    well hand it to another one, and the handler would not run. Blocked in all of them, it waits for this thread. Those
    handlers only set what others wait for, and so may run in any thread.
    """

    def take() -> None:
        while True:
            number = signal.sigwait(signals)
            handler = signal.getsignal(number)
            if callable(handler):
                handler(number, None)
            else:
                os._exit(0)  # a worker's SIGTERM before it answers anybody

    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    threading.Thread(target=take, daemon=True).start()


def _reload() -> None:
    """Granian has a thread for each worker, which waits for its end: no worker misses those."""
    preload(application, known_threads=thread_count())


def _worker() -> Any:
    """In a worker, before its first request: it becomes whom it is to be."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # it was born with its parent's handler; Granian sets its own
    _take_in_a_thread([signal.SIGTERM])
    if "MODEL_SERVER_UID" in os.environ:
        os.setgroups([])
        os.setgid(int(os.environ["MODEL_SERVER_GID"]))
        os.setuid(int(os.environ["MODEL_SERVER_UID"]))
    return partial(_answer_in_time, application, int(os.environ["MODEL_SERVER_TIMEOUT"]))


def _answer_in_time(
    application: Application, seconds: int, environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    """A request that takes longer ends its worker by SIGALRM, and another one takes its place."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return application(environ, start_response)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
