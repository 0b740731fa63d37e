"""Keeps the front door's certificate young: a new one at each start, and again long before its end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.authority import CERTIFICATE_LIFE, read_authority

log = logging.getLogger(__name__)

_RENEWED_AFTER = CERTIFICATE_LIFE / 3


class DoorCertificate:
    """Of the authority in the folder `keys`, whose own certificate is laid where clients find it, at `public`. Raises StartupError."""

    def __init__(self, plane: DataPlane, host: str, keys: Path, public: Path, now: float):
        self._plane = plane
        self._host = host
        self._authority = read_authority(keys, datetime.fromtimestamp(now, UTC))
        _lay(public, self._authority.pem)
        self._renew(now)

    def tidy(self, now: float) -> None:
        """Called once a day, or when the machine is awake again."""
        left = self._ends_at - datetime.fromtimestamp(now, UTC)
        # More than a life is left where the clock was set back.
        if not CERTIFICATE_LIFE - _RENEWED_AFTER <= left <= CERTIFICATE_LIFE:
            self._renew(now)

    def _renew(self, now: float) -> None:
        issued = self._authority.issue(self._host, datetime.fromtimestamp(now, UTC))
        self._plane.present(issued.chain, issued.key)
        self._ends_at = issued.ends_at
        log.info("the front door's certificate counts until %s", issued.ends_at.isoformat(timespec="minutes"))


def _lay(public: Path, pem: str) -> None:
    """A file that is right stays: programs have it mounted."""
    try:
        if not public.exists() or public.read_bytes() != pem.encode():
            aside = public.with_suffix(".tmp")
            aside.write_text(pem)
            aside.rename(public)
    except OSError as error:
        raise StartupError(f"the certificate for clients cannot be laid at {public}: {error.strerror}") from error
