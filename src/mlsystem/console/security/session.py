"""A browser's session: a signed cookie that names the person, and the token that its forms must bring (CSRF)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from mlsystem.client.errors import ClientFailure

COOKIE = "mlsystem_console"
CSRF_FIELD, CSRF_HEADER = "csrf_token", "x-csrf-token"
LIFETIME_SECONDS = 12 * 3600
WORDS_COOKIE, WORDS_SECONDS = "mlsystem_console_said", 30
LONGEST_WORDS = 1000  # browsers keep no cookie of more than 4 KiB
PATH = "/_console"
KEY_FILE, KEY_BYTES = Path("console") / "key", 32
ENDED = Path("console") / "ended"


@dataclass(frozen=True)
class Session:
    """`person` empty: nobody has signed in. `fingerprint` is that of the token with which they did: another token ends it."""

    id: str
    person: str = ""
    fingerprint: str = ""


class Sessions:
    """With a key of the data folder, so that a restart signs nobody out."""

    def __init__(self, home: Path):
        self._key = _key(home / KEY_FILE)
        self._ended = home / ENDED
        self._serializer = URLSafeTimedSerializer(self._key, salt="session")
        self._words = URLSafeTimedSerializer(self._key, salt="words")

    def read(self, request: Request) -> Session | None:
        """None for a cookie that is missing, too old, not ours, or of a session that was ended: somebody may have kept it."""
        try:
            content = self._serializer.loads(_given(request, COOKIE), max_age=LIFETIME_SECONDS)
            session = Session(**content)
            return None if (self._ended / session.id).exists() else session
        except (BadSignature, TypeError):
            return None

    def fresh(self, person: str = "", fingerprint: str = "") -> Session:
        return Session(secrets.token_urlsafe(18), person, fingerprint)

    def end(self, session: Session) -> None:
        """For all consoles of the data folder, and after a restart; forgotten when the cookie would be too old anyway."""
        self._ended.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._ended / session.id).touch(mode=0o600)
        oldest = time.time() - LIFETIME_SECONDS
        for path in self._ended.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def write(self, request: Request, response: Response, session: Session) -> None:
        _set(request, response, COOKIE, str(self._serializer.dumps(vars(session))), LIFETIME_SECONDS)

    def forget(self, request: Request, response: Response) -> None:
        _delete(request, response, COOKIE)

    def say(self, request: Request, response: Response, words: str) -> None:
        """On the next page."""
        _set(request, response, WORDS_COOKIE, str(self._words.dumps(words[:LONGEST_WORDS])), WORDS_SECONDS)

    def hush(self, request: Request, response: Response) -> None:
        """It has been said."""
        _delete(request, response, WORDS_COOKIE)

    def said(self, request: Request) -> str:
        """What the page before has to say, which is said once."""
        try:
            return str(self._words.loads(_given(request, WORDS_COOKIE), max_age=WORDS_SECONDS))
        except BadSignature:
            return ""

    def csrf_token(self, session: Session) -> str:
        return hmac.new(self._key, f"csrf:{session.id}:{session.person}".encode(), hashlib.sha256).hexdigest()

    def is_csrf_token(self, session: Session, given: str) -> bool:
        return hmac.compare_digest(self.csrf_token(session).encode(), given.encode(errors="replace"))


def _key(path: Path) -> bytes:
    """Made once; whoever makes it first wins. Raises ClientFailure: with half a key anybody could sign."""
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise ClientFailure(f"the key of the console's sessions, {path}: {error.strerror or error}") from error
    if len(key) != KEY_BYTES:
        raise ClientFailure(f"{path} is damaged: remove it, and everybody signs in again")
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"key.{secrets.token_hex(8)}")
    try:
        aside.touch(mode=0o600)
        aside.write_bytes(secrets.token_bytes(KEY_BYTES))
        path.hardlink_to(aside)
    except FileExistsError:
        pass
    finally:
        aside.unlink(missing_ok=True)


def is_encrypted(request: Request) -> bool:
    """Whether it came by TLS, which ends at the front door, or at a proxy; who only says so gets a stricter cookie."""
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def _name(request: Request, cookie: str) -> str:
    """Another one by TLS: browsers let nobody write a cookie that came by TLS without it."""
    return f"__Secure-{cookie}" if is_encrypted(request) else cookie


def _given(request: Request, cookie: str) -> str:
    return request.cookies.get(_name(request, cookie), "")


def _set(request: Request, response: Response, cookie: str, value: str, seconds: int) -> None:
    name, is_secure = _name(request, cookie), is_encrypted(request)
    response.set_cookie(name, value, seconds, path=PATH, httponly=True, samesite="lax", secure=is_secure)


def _delete(request: Request, response: Response, cookie: str) -> None:
    response.delete_cookie(_name(request, cookie), path=PATH, secure=is_encrypted(request))
