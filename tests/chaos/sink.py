"""The SMTP server of a chaos run: its mood changes, and it knows when it took each mail."""

from __future__ import annotations

import re
import sys
import threading
import time
from email.message import Message
from enum import Enum
from typing import Any

from tests.smtp import SmtpServer

SLOW_SECONDS = 0.7
MARK = re.compile(r"mark-[0-9a-z-]+")


class Mood(Enum):
    WELL = "takes every mail"
    BUSY = "asks to come again later"
    SLOW = "takes a mail after a while"
    DEAF = "hangs up and has not taken the mail"
    MUTE = "takes the mail and hangs up without saying so"


class Sink(SmtpServer):
    """`taken`: of every mail with a mark, the mark and the moment. `unheard`: the moments of those whose sender cannot know."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        """A new run, which has not got any mail yet."""
        self.mood = Mood.WELL
        self.mails.clear()
        self.taken: list[tuple[str, float]] = []
        self.unheard: list[float] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An engine that is killed breaks off; what else goes wrong is told as ever."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def take(self, mail: Message) -> str:
        match self.mood:
            case Mood.BUSY:
                return "451 not now"
            case Mood.DEAF:
                return ""
            case Mood.SLOW:
                threading.Event().wait(SLOW_SECONDS)
        is_heard = self.mood is not Mood.MUTE
        self.mails.append(mail)
        found = MARK.search(str(mail["Subject"])) or MARK.search(str(mail.get_payload(decode=True)))
        if found:
            self.taken.append((found[0], time.monotonic()))
        if not is_heard:
            self.unheard.append(time.monotonic())
        return "250 taken" if is_heard else ""
