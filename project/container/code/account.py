"""Whose the processes are that answer requests.

SageMaker starts a container as root. `serve` stays root, for what only root may read, but its workers do not: they
become the user `model-server` that the Dockerfile makes. Where `serve` is not root, or the image has no such user, or
a sandbox lets nobody change, the workers are whoever `serve` is. A user that MODEL_SERVER_USER names must be possible.
"""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

USER = "model-server"
ROOT = 0


class AccountError(Exception):
    """MODEL_SERVER_USER names a user that the workers cannot become."""


@dataclass(frozen=True)
class Account:
    user: str
    uid: int
    group: str
    gid: int


def workers_account(environment: Mapping[str, str]) -> Account | None:
    """Whom the workers are to become; None if they stay as they are. Raises AccountError."""
    named = environment.get("MODEL_SERVER_USER", "")
    try:
        account = _account(named or USER)
    except KeyError as error:
        if named:
            raise AccountError(
                f"MODEL_SERVER_USER is {named!r}; the image has no such user, or not its group"
            ) from error
        return None
    if account.uid == os.geteuid():
        return None
    if not _can_become(account):
        if named:
            raise AccountError(
                f"MODEL_SERVER_USER is {named!r}; a process of user {os.geteuid()} cannot become it here"
            )
        return None
    return account


def _account(user: str) -> Account:
    """Raises KeyError."""
    entry = pwd.getpwnam(user)
    return Account(user, entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_name, entry.pw_gid)


def _can_become(account: Account) -> bool:
    """By trying: root of a user name space may know no other user, root without its capabilities may not change."""
    if os.geteuid() != ROOT:
        return False
    try:
        done = subprocess.run(["true"], user=account.uid, group=account.gid, extra_groups=[], check=False)
    except OSError:
        return False
    return done.returncode == 0
