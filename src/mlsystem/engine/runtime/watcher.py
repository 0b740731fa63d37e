"""One thread that learns from the kernel when a process ends, whoever started it."""

import logging
import os
import selectors
import threading
import time
from collections.abc import Callable

RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Watcher:
    """Calls `ended(id)` on its thread for each `watch(id, pidfd)`, when the process behind the pidfd is dead.

    Until that returns True it is called again and again, so that no end is lost to a disk that is full for a moment. One that
    raises is as one that returns False: were the thread to die of it, no end would ever be told again.
    """

    def __init__(self, ended: Callable[[str], bool]) -> None:
        self._ended = ended
        self._lock = threading.Lock()
        self._pidfds: dict[str, int] = {}
        self._reported: list[str] = []  # to be called for without waiting
        self._unsettled: list[str] = []
        self._retry_at = 0.0
        self._is_closed = False
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="process-watcher", daemon=True)
        self._thread.start()

    def watch(self, process_id: str, pidfd: int) -> None:
        """Takes the descriptor over. A process that is watched already stays watched once."""
        with self._lock:
            if self._is_closed or process_id in self._pidfds:
                os.close(pidfd)
                return
            self._pidfds[process_id] = pidfd
            self._selector.register(pidfd, selectors.EVENT_READ, process_id)

    def report(self, process_id: str) -> None:
        """As if a process that was watched had ended now; the call comes on the watcher's thread."""
        with self._lock:
            if not self._is_closed:
                self._reported.append(process_id)
                os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Returns when no call is under way and none will come. Not to be called from within one."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._selector.close()
        for descriptor in (self._wake, *self._pidfds.values()):
            os.close(descriptor)

    def _run(self) -> None:
        while not self._is_closed:
            for key, _ in self._selector.select(RETRY_SECONDS if self._unsettled else None):
                if key.data is not None:
                    self._take_leave(key.data)
            for process_id in self._take_reported():
                self._tell(process_id)
            if self._unsettled and time.monotonic() >= self._retry_at:
                unsettled, self._unsettled = self._unsettled, []
                for process_id in unsettled:
                    self._tell(process_id)

    def _tell(self, process_id: str) -> None:
        try:
            is_settled = self._ended(process_id)
        except Exception:  # the supervisor: the ends of the other processes must get through
            log.exception("the end of process %s could not be told; telling it again soon", process_id)
            is_settled = False
        if not is_settled:
            self._unsettled.append(process_id)
            self._retry_at = time.monotonic() + RETRY_SECONDS

    def _take_leave(self, process_id: str) -> None:
        with self._lock:
            pidfd = self._pidfds.pop(process_id)
            self._selector.unregister(pidfd)
        try:
            os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        except ChildProcessError:
            pass  # the child of an engine that is no more
        finally:
            os.close(pidfd)
        self._tell(process_id)

    def _take_reported(self) -> list[str]:
        with self._lock:
            try:
                os.eventfd_read(self._wake)
            except BlockingIOError:
                return []
            reported, self._reported = self._reported, []
            return reported
