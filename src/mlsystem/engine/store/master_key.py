"""The master key of a data folder: what is encrypted in the folder opens with it alone, and it lies elsewhere.

It is a file of its owner's alone, named after a word that only this key leads to; the database has that word. Whoever gets
a copy of the data folder has nothing of what is encrypted in it, and who removes the file has made it unreadable for ever.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.disk import keep_private

FOLDER_VARIABLE = "MLSYSTEM_KEYS"
# The word, among the settings of the database; earlier versions kept the key itself there.
WORD = "master_key_word"
INSIDE = "master_key"
SUFFIX = ".key"


def keys_folder() -> Path:
    """Raises StartupError where it cannot be told."""
    own = os.environ.get(FOLDER_VARIABLE)
    if own:
        if not Path(own).is_absolute():
            raise StartupError(f"{FOLDER_VARIABLE} is {own!r}; it must be an absolute path")
        return Path(own)
    try:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    except RuntimeError as error:
        raise StartupError(
            f"there is no home folder for the master key: name a folder with {FOLDER_VARIABLE}"
        ) from error
    return data / "mlsystem" / "keys"


def master_key(database: Database) -> str:
    """256 bits in hexadecimal, made at the first time; a key that lies in the database is moved out. Raises StartupError."""
    moved = database.find_setting(INSIDE)
    if moved is not None:
        keep_key(moved)
        database.replace_secret(INSIDE, WORD, word_of(moved))
        return moved
    return read_key(database.setting(WORD, lambda: keep_key(secrets.token_hex(32))))


def word_of(key: str) -> str:
    """Raises ValueError for what is no key."""
    return hmac.digest(bytes.fromhex(key), b"backup", "sha256").hex()[:32]


def keep_key(key: str) -> str:
    """Returns its word; then it is on the disk. Raises StartupError."""
    path = _path(word := word_of(key))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep_private(path, f"{key}\n")
    except OSError as error:
        raise StartupError(
            f"cannot write the master key {path}: {error.strerror}. {FOLDER_VARIABLE} names another folder for keys"
        ) from error
    return word


def read_key(word: str) -> str:
    """Raises StartupError, which says where the key may still be."""
    path = _path(word)
    try:
        key = path.read_text().strip()
        if word_of(key) == word:
            return key
    except FileNotFoundError as error:
        raise StartupError(
            f"the master key of this data folder is missing: {path}. Put it back, or name its folder with {FOLDER_VARIABLE}. "
            "The first line of the key that was written beside a backup is the same"
        ) from error
    except OSError as error:
        raise StartupError(f"cannot read the master key {path}: {error.strerror}") from error
    except ValueError:
        pass
    raise StartupError(f"the master key {path} is damaged: the first line of a key beside a backup is the same")


def _path(word: str) -> Path:
    return keys_folder() / f"{word}{SUFFIX}"
