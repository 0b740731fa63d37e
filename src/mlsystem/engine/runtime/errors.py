"""What can go wrong when a process is to be run.

    ProcessError
    ├── InvalidProcess       the specification cannot be run on any machine
    ├── SandboxUnavailable   this machine cannot run it
    ├── PlaceTaken           another program has a path that it needs; nothing ran, and starting it again later is safe
    ├── ShimFailed           it could not be started now; nothing ran, and starting it again is safe
    ├── ProcessStillRunning  forget() of one that has not ended
    └── NoSuchProcess        signal() to one that does not run

A program that cannot be started is no error here: it has ended, with the reason `start_failed`.
"""


class ProcessError(Exception):
    """The base of them all."""


class InvalidProcess(ProcessError):
    pass


class SandboxUnavailable(ProcessError):
    pass


class PlaceTaken(ProcessError):
    pass


class ShimFailed(ProcessError):
    pass


class ProcessStillRunning(ProcessError):
    pass


class NoSuchProcess(ProcessError):
    pass
