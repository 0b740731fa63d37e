"""What can go wrong with the door.

DataPlaneError
├── InvalidState       the state cannot be configured: a name, a path, a duplicate
├── ConfigRejected     Envoy refused what was written; it goes on with what it had
├── NotApplied         Envoy did not take up the configuration in time
└── AdminUnreachable   nobody answers on the admin socket
    └── AdminSilent    somebody is there, and does not answer in time
"""

from __future__ import annotations

from mlsystem.engine.decide.errors import EngineError


class DataPlaneError(EngineError):
    """Base of the data plane's errors."""


class InvalidState(DataPlaneError):
    """The state cannot be turned into a configuration; nothing was written."""


class ConfigRejected(DataPlaneError):
    """Envoy refused a configuration, and serves on with the one before."""


class NotApplied(DataPlaneError):
    """Envoy has not taken up the configuration within the time allowed."""


class AdminUnreachable(DataPlaneError):
    """Envoy's admin socket does not answer: the process is not (yet, or no longer) running."""


class AdminSilent(AdminUnreachable):
    """The process is there, and did not answer in time: it may be stopped, or have no processor."""
