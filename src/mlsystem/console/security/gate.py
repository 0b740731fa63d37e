"""Lets a request in, or not: whose it is, whether it comes from a page of ours, and whether they may do what it asks.

A request that changes something must bring its session's CSRF token, and a browser must not say that another site sent it. The name of
the host must be one that the console serves: otherwise a page of a stranger, whose name leads to this machine, would be let in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import Request

from mlsystem.console.security.body import form_of
from mlsystem.console.security.people import People, Person, Role, owner
from mlsystem.console.security.refused import NotSignedIn, Refused
from mlsystem.console.security.session import CSRF_FIELD, CSRF_HEADER, Session, Sessions, is_encrypted

OwnSite = ("same-origin", "none")


class Gate:
    """`serves` tells whether a host's name is one of the console's. `is_open`: others than this machine reach it, so that nobody is let in
    without a token, not even when the last one was taken away.
    """

    def __init__(self, people: People, sessions: Sessions, serves: Callable[[str], bool], *, is_open: bool = False):
        self.people = people
        self.sessions = sessions
        self._serves = serves
        self._is_open = is_open

    def check_host(self, request: Request) -> None:
        """Raises Refused."""
        host = _host_of(request.headers.get("host", ""))
        if not self._serves(host):
            raise Refused(421, f"the console does not answer to the name {host!r}")

    def person(self, session: Session | None) -> Person | None:
        """Who asks; None for somebody who must sign in first."""
        if not self._is_open and self.people.is_empty:
            return owner()
        if session is None or not session.person:
            return None
        if self.people.fingerprint(session.person) != session.fingerprint:
            return None
        return self.people.find(session.person)

    def may(self, session: Session | None, role: Role) -> bool:
        person = self.person(session)
        return person is not None and person.may(role)

    def admit(self, session: Session | None, role: Role) -> Person:
        """Raises NotSignedIn, and Refused for who may not."""
        person = self.person(session)
        if person is None:
            raise NotSignedIn
        if not person.may(role):
            raise Refused(403, f"{person.name} is {_a(person.role)}: this needs {_a(role)}")
        return person

    async def check_form(self, request: Request, session: Session | None) -> None:
        """That what is asked for comes from a page of ours. Raises Refused."""
        if request.headers.get("sec-fetch-site", "none") not in OwnSite:
            raise Refused(403, "another site asked for this")
        origin = request.headers.get("origin")
        if origin is not None and not _is_own(origin, request):
            raise Refused(403, "another site asked for this")
        given = request.headers.get(CSRF_HEADER) or str((await form_of(request)).get(CSRF_FIELD, ""))
        if session is None or not self.sessions.is_csrf_token(session, given):
            raise Refused(403, "this page is too old: load it again, then repeat what you did")


def _is_own(origin: str, request: Request) -> bool:
    """What came by TLS comes from a page that did."""
    scheme, _, host = origin.partition("://")
    return host == request.headers.get("host") and (scheme == "https" or not is_encrypted(request))


def _host_of(header: str) -> str:
    """Empty for what is no host and port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def serves_loopback(host: str) -> bool:
    """The names of this machine for itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _a(role: Role) -> str:
    return f"{'an' if role.word[0] in 'aeiou' else 'a'} {role.word}"
