"""Why a use case did not succeed; the message is for the person, and says what to do next."""

from __future__ import annotations


class ClientFailure(Exception):
    """Base. `exit_code` is what a command ends with."""

    exit_code = 1


class NotFound(ClientFailure):
    """The thing that was named is not there."""

    exit_code = 4


class NotRunning(ClientFailure):
    """There is no engine to speak to."""

    exit_code = 3


class RunFailed(ClientFailure):
    """What was waited for ended, and not well."""

    exit_code = 2
