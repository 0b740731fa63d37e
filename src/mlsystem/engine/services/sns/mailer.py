"""Sends mail: to an SMTP server, or into a folder for a person who has none.

A server that was reached and refused for good is told apart from one that may take the message later. Once it has said that it took the
message, nothing that follows makes it go out again.
"""

from __future__ import annotations

import logging
import os
import smtplib
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from mlsystem.engine.decide.errors import ActionFailed, EngineError, StartupError

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30.0
DEFAULT_PORT = 25


class MailWaits(EngineError):
    """The message was not taken now; it may be later."""


class Mailer(Protocol):
    def send(self, letter: EmailMessage, name: str) -> None:
        """`name` is the same when it is sent again. Raises MailWaits, or ActionFailed when it will never be taken."""
        ...


def mailer_of(setting: str, folder: Path) -> Mailer:
    """`setting` is `host:port`, or empty for the folder. Raises StartupError."""
    if not setting:
        return MailFolder(folder)
    host, _, port = setting.rpartition(":") if ":" in setting else (setting, "", str(DEFAULT_PORT))
    if not host or not port.isdecimal():
        raise StartupError(f"MLSYSTEM_SMTP is {setting!r}: give it as host:port")
    return SmtpMailer(host, int(port))


def sweep_mail(folder: Path, before: float) -> None:
    """Remove what was kept before."""
    for path in folder.glob("*.eml"):
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


class SmtpMailer:
    """Plain SMTP, as a relay on the same machine speaks it."""

    def __init__(self, host: str, port: int):
        self._host = host
        self._port = port

    def send(self, letter: EmailMessage, name: str) -> None:
        server = self._connect()
        try:
            server.send_message(letter)
        except smtplib.SMTPResponseException as error:
            self._refused(letter, error.smtp_code, error)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            self._refused(letter, code, error)
        except (smtplib.SMTPException, OSError) as error:
            raise MailWaits(f"{self._host}:{self._port} broke off: {error}") from error
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        except (smtplib.SMTPException, OSError) as error:
            raise MailWaits(f"no SMTP server answers on {self._host}:{self._port}: {error}") from error

    def _refused(self, letter: EmailMessage, code: int, error: smtplib.SMTPException) -> None:
        if code >= 500:
            raise ActionFailed(f"{self._host} refused the mail to {letter['To']}: {error}", "MailRefused") from error
        raise MailWaits(f"{self._host} does not take the mail to {letter['To']} now: {error}") from error


class MailFolder:
    """Each mail is a file `.eml`, which mail programs open; sent again it is the same file."""

    def __init__(self, folder: Path):
        self._folder = folder

    def send(self, letter: EmailMessage, name: str) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / f"{name.replace('/', '.')}.eml"
        aside = path.with_suffix(".part")
        with aside.open("wb") as file:
            file.write(letter.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        log.info("no SMTP server is set (MLSYSTEM_SMTP): the mail to %s is kept as %s", letter["To"], path)
