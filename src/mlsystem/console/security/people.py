"""Who may use the console: people with tokens and roles, in a file of the data folder.

While there is no token, whoever reaches the console on this machine's loopback address is its admin, under the name of the account of the
machine. With the first token everybody signs in. A token is shown once; the file has its hash.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from mlsystem.client.errors import ClientFailure, NotFound

FILE = Path("console") / "people.json"
LONGEST_NAME = 64


class Role(IntEnum):
    """Each may do what those before it may."""

    VIEWER = 1  # look at everything
    APPROVER = 2  # approve and reject, try an endpoint
    ADMIN = 3  # start, stop, retry, roll back

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Person:
    name: str
    role: Role

    def may(self, role: Role) -> bool:
        return self.role >= role


def owner() -> Person:
    """Of the machine's account, while there are no tokens."""
    try:
        return Person(getpass.getuser(), Role.ADMIN)
    except (KeyError, OSError):  # an account without a name
        return Person(f"account {os.getuid()}", Role.ADMIN)


class People:
    """Those of one data folder; the file is read anew each time, since a command may change it meanwhile."""

    def __init__(self, home: Path):
        self._path = home / FILE

    @property
    def is_empty(self) -> bool:
        return not self._read()

    def all(self) -> list[Person]:
        """By name."""
        return [Person(name, Role[item["role"].upper()]) for name, item in sorted(self._read().items())]

    def find(self, name: str) -> Person | None:
        return next((person for person in self.all() if person.name == name), None)

    def signed_in(self, token: str) -> Person | None:
        """Whose token it is."""
        wanted = _hash(token)
        for name, item in self._read().items():
            if hmac.compare_digest(item["token"], wanted):
                return Person(name, Role[item["role"].upper()])
        return None

    def fingerprint(self, name: str) -> str:
        """Of a person's token: another token has another one. Empty for somebody who has none."""
        item = self._read().get(name)
        return _hash(item["token"])[:16] if item else ""

    def add(self, name: str, role: Role) -> str:
        """A new token, which replaces one that the person had. Raises ClientFailure for a name that cannot be shown."""
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise ClientFailure(f"{name!r} is no name: it needs 1 to {LONGEST_NAME} characters that can be printed")
        token = secrets.token_urlsafe(32)
        with self._alone():
            self._write({**self._read(), name: {"role": role.word, "token": _hash(token)}})
        return token

    def remove(self, name: str) -> None:
        """Raises NotFound."""
        with self._alone():
            left = self._read()
            if left.pop(name, None) is None:
                raise NotFound(f"{name} has no token: `mlsystem console people` lists who has")
            self._write(left)

    def _read(self) -> dict[str, dict[str, str]]:
        """Raises ClientFailure: a file that cannot be read must let nobody in."""
        try:
            found = dict(json.loads(self._path.read_text()))
            return {
                str(name): {"token": item["token"], "role": Role[item["role"].upper()].word}
                for name, item in found.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise ClientFailure(f"who may use the console cannot be read from {self._path}: {error}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While a person is added or taken away: two commands at the same time would lose one. Raises ClientFailure."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ClientFailure(
                f"who may use the console cannot be written to {self._path}: {error.strerror or error}; nothing was changed"
            ) from error

    def _write(self, people: dict[str, dict[str, str]]) -> None:
        """Whole, or not at all."""
        aside = self._path.with_suffix(".tmp")
        try:
            aside.touch(mode=0o600)
            with aside.open("w") as file:
                file.write(json.dumps(people, indent=2))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        finally:
            aside.unlink(missing_ok=True)


def _hash(token: str) -> str:
    """Tokens are long and random, so a plain hash serves."""
    return hashlib.sha256(token.encode()).hexdigest()
